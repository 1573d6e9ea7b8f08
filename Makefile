# Every target says what it does in its `##` comment; `make` alone prints them.
DATA_DIR ?= var
VENV := .venv/bin
PYTEST := $(VENV)/python -m pytest
UV := $(VENV)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run demo demo-once test test-servers check generate bench verify lock release clean

help: ## 列出所有命令 · list what can be made
	@grep -hE '^[a-z%-]+:.*## ' Makefile | sort | sed -E 's/^([a-z%-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: ## 创建 .venv 并安装（run 会自动调用）· create .venv and install; `run` does it for you
	@sh setup.sh

setup-dev:
	@sh setup.sh dev

# Ctrl-C goes to every process of the terminal's foreground group, and make answers it with an error
# of its own, whatever the program does. So in a terminal the program gets a group of its own
# (`set -m`), stops cleanly, and make ends with what it returned. Without a terminal there is no
# Ctrl-C; then it stays in make's group, so that a signal to the group reaches it.
FOREGROUND := read -r _ _ _ _ group _ _ front _ </proc/$$$$/stat; [ "$$group" != "$$front" ] || set -m

run: setup ## 启动采集器，注册示例县，测量本机，给出结论 · measure this machine and judge it (DATA_DIR=var)
	@bash -c '$(FOREGROUND); $(VENV)/banjun-collector tryout --data-dir "$(DATA_DIR)"; exit $$?'

demo: setup ## 线速已知的小县，看结论几分钟内变对（需 root）· a county of known lines (root)
	@bash -c '$(FOREGROUND); $(VENV)/python -m tests.lab.demo; exit $$?'

demo-once: setup ## 同 demo，结论全对即退出 0，否则 1 · as demo; 0 only if every verdict is right
	@bash -c '$(FOREGROUND); $(VENV)/python -m tests.lab.demo --once; exit $$?'

# A missing package never stops the tests: those that need it are skipped, and the summary says so.
test-servers:
	@sh tests/install_servers.sh

# A file's tests stay together and in order; the long files begin. One worker more than cores, as
# some tests wait. One by one, as to find a fault: make test PYTEST_ARGS="-n 0 tests/agent"
WORKERS = $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))
test: setup-dev test-servers ## 全部测试；缺什么、为何未运行，最后列出 · all tests, and why any did not run
	@$(PYTEST) -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# What runs on a Windows PC, seen as from there; its own cache, or each would undo the other's.
MYPY_WINDOWS = $(VENV)/mypy --platform win32 --no-warn-unreachable \
	--cache-dir .mypy_cache/win32 agent config probes

check: setup-dev ## 格式、类型、架构、生成文件、锁文件 · style, types, arrows, generated files, lock
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(MYPY_WINDOWS)
	$(VENV)/python -m probes docs --check
	$(VENV)/python -m collector.judge.pages --check
	$(VENV)/python -m collector.coverage --check
	$(VENV)/python -m config.measurement_page --check
	$(VENV)/python -m collector.alert.pages --check
	$(VENV)/python -m grafana.build --check
	$(PYTEST) tests/test_architecture.py tests/test_documents.py tests/test_lock.py \
		tests/config/test_duties.py tests/config/test_coverage.py

generate: setup-dev ## 重新生成各说明页与看板 · write generated pages and dashboards again
	$(VENV)/python -m probes docs
	$(VENV)/python -m collector.judge.pages
	$(VENV)/python -m collector.coverage
	$(VENV)/python -m config.measurement_page
	$(VENV)/python -m collector.alert.pages
	$(VENV)/python -m grafana.build

# A file of tests/bench that can be run is a benchmark; the others are its parts.
BENCHES = $(notdir $(basename $(shell grep -ls '^if __name__' tests/bench/*.py)))

bench: $(addprefix bench-,$(subst _,-,$(BENCHES))) ## 全部基准测试，结果在 var/bench · all benchmarks

bench-%: setup-dev ## 一项基准测试 · one benchmark: make bench-ingest
	@mkdir -p var/bench
	@$(VENV)/python -m tests.bench.$(subst -,_,$*)

VERIFICATIONS = $(notdir $(basename $(shell grep -ls '^if __name__' tests/verify/*.py)))

verify: setup-dev ## 长时间验证（不在 CI 内）· the long verifications, which CI leaves out
	@for name in $(VERIFICATIONS); do $(VENV)/python -m tests.verify.$$name || exit; done

lock: setup-dev ## 依 pyproject.toml 更新锁文件 · lock the newest versions that pyproject.toml permits
	$(UV) --upgrade --group build --extra collector --output-file requirements.lock
	$(UV) --upgrade --group build --constraints requirements.lock --output-file requirements-agent.lock
	$(UV) --upgrade --group build --extra lan --constraints requirements.lock --output-file requirements-lan.lock
	$(UV) --upgrade --group build --extra dev --constraints requirements.lock --constraints requirements-lan.lock --output-file requirements-dev.lock

release: setup-dev ## 把 changelog.d 并入 CHANGELOG.md · make release VERSION=0.2.0
	@$(VENV)/python changelog.d/release.py "$(VERSION)"

clean: ## 删除 .venv 与缓存，保留 var 中的数据 · remove .venv and caches; data in var stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
