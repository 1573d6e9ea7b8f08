# 采集器的容器镜像。在班均目录中构建： / The collector as an image. Build it in Banjun's folder:
#     docker build -t banjun-collector .
FROM python:3.12-slim
WORKDIR /opt/banjun
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY probes probes
COPY config config
COPY agent agent
COPY collector collector
COPY grafana grafana
# --editable: 政策数据留在 /opt/banjun/config，可以挂载 / policy data stay in /opt/banjun/config, to be mounted
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && useradd --system --home-dir /var/lib/banjun --create-home banjun
USER banjun
VOLUME /var/lib/banjun
EXPOSE 8421
CMD ["banjun-collector", "serve", "--data-dir", "/var/lib/banjun", "--config", "/etc/banjun/collector.toml"]
