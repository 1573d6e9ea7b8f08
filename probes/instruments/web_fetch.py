"""Whether a web page answers, how long each step takes, and until when its certificate is valid.

One GET, whose redirects are observed and not followed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import ClassVar

from probes.http_get import HEAD_BYTES, Head, NoHttpError, encode_request, read_body, read_head
from probes.metrics import REACHABLE
from probes.model import (
    Better,
    Metric,
    Probe,
    Reading,
    Role,
    SettingError,
    Target,
    Unit,
    setting,
)
from probes.net import RESOLVE_SECONDS, Address, is_literal, resolve
from probes.page import Expected, complaint_of
from probes.refusal import REFUSALS, RefusedError
from probes.server_certificate import (
    CERTIFICATE_SECONDS,
    ask_remaining_seconds,
    complaint_about,
    knows_authorities,
    remaining_seconds,
    unverified,
)
from probes.stream import connected, stream
from probes.text import Text

_NO_ANSWER = "none"


def _phase(name: str, zh: str, en: str, meaning_zh: str, meaning_en: str) -> Metric:
    return Metric(
        name=f"{name}_seconds",
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=Text(zh, en),
        meaning=Text(meaning_zh, meaning_en),
        resolution=0.00001,
        minimum=0,
        maximum=60,
    )


NAME_SECONDS = _phase(
    "resolve",
    "解析",
    "Resolving",
    "由本机的解析器解析目标名称的时间；目标是地址时没有此项。",
    "This machine's resolver turning the target's name into an address; absent for an address.",
)
CONNECT_SECONDS = _phase("connect", "连接", "Connecting", "TCP 握手的时间。", "The TCP handshake.")
TLS_SECONDS = _phase("tls", "TLS 握手", "TLS handshake", "TLS 握手的时间。", "The TLS handshake.")
FIRST_BYTE_SECONDS = _phase(
    "first_byte",
    "首字节",
    "First byte",
    "从发出请求到收到第一个字节；不含解析、连接和 TLS。",
    "From sending the request to the first byte of the answer; without resolving, connecting, TLS.",
)
TOTAL_SECONDS = _phase(
    "total",
    "总时间",
    "Total",
    "从解析开始到读完正文（最多 max_bytes 字节）。",
    "From the beginning of resolving to the end of the body, or of its first `max_bytes`.",
)
BODY_BYTES = Metric(
    name="body_bytes",
    unit=Unit.BYTES,
    better=Better.NEITHER,
    title=Text("正文字节数", "Body"),
    meaning=Text(
        "读到的正文字节数，最多 max_bytes。",
        "Bytes of the body that were read, at most `max_bytes`.",
    ),
    resolution=1,
    minimum=0,
    maximum=100_000_000,
)
CERTIFICATE_REMAINING = Metric(
    name="certificate_remaining_seconds",
    unit=Unit.SECONDS,
    better=Better.HIGHER,
    title=Text("证书剩余时间", "Certificate expires in"),
    meaning=Text(
        "服务器证书到期前的秒数，按本机时钟；负数表示已过期多久。证书不被接受时也报告。",
        "Until the server's certificate expires, by this machine's clock; negative: expired so "
        "long ago. Reported of a certificate that is not accepted, too.",
    ),
    resolution=1,
    minimum=-300_000_000_000,
    maximum=300_000_000_000,
    reference="RFC 5280 section 4.1.2.5",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    path: str = setting("/", Text("网址中主机之后的部分。", "What follows the host in the URL."))
    tls: bool = setting(True, Text("使用 HTTPS；否则为 HTTP。", "HTTPS; otherwise HTTP."))
    verify: bool = setting(
        True,
        Text(
            "证书不被本机信任算失败；关闭后只报告有效期。",
            "A certificate that this machine does not trust is a failure; if off, its expiry is "
            "reported all the same.",
        ),
    )
    expect_status: int = setting(
        0,
        Text("应有的状态码；0 为任何小于 400 的。", "Status that is due; 0 = any below 400."),
        minimum=0,
        maximum=599,
    )
    expect_text: str = setting(
        "",
        Text(
            "正文中应有的文字（UTF-8 或 GB 18030）；空为不查。",
            "Words that are due in the body (UTF-8 or GB 18030); empty = any.",
        ),
    )
    max_bytes: int = setting(
        262_144, Text("最多读取的正文字节数。", "Bytes of the body to read."), minimum=0,
        maximum=4_194_304,
    )  # fmt: skip
    timeout: float = setting(
        10.0,
        Text("除解析外总共的最长时间，秒。", "Seconds for everything but resolving."),
        minimum=0.2,
        maximum=20,
    )

    def __post_init__(self) -> None:
        # A blank or a line end would end the request line, and begin something of its own.
        if not (self.path.startswith("/") and self.path.isascii() and self.path.isprintable()) or (
            " " in self.path
        ):
            raise SettingError(
                Text(
                    f"path：“{self.path}”应以 / 开头，其他文字请写成 %XX。",
                    f"path: {self.path!r} must begin with / and have all but plain ASCII as %XX.",
                )
            )


@dataclass(slots=True)
class _Run:
    """What a run knows so far. `phase`: what it is waiting for."""

    phase: str = "connect"
    status: str = _NO_ANSWER
    values: dict[Metric, float] = field(default_factory=dict)

    def knows_certificate(self, remaining: float | None) -> None:
        if remaining is not None:
            self.values[CERTIFICATE_REMAINING] = remaining

    def failed(self, reason: str) -> Reading:
        return Reading.failed(reason, {REACHABLE: 0, **self.values}, {"status": self.status})

    def ok(self) -> Reading:
        return Reading.ok({REACHABLE: 1, **self.values}, {"status": self.status})


class WebFetch(Probe[Settings]):
    name = "web_fetch"
    title = Text("网页访问", "Web fetch")
    about = Text(
        "以一次 GET 访问目标的网页，不跟随重定向，也不使用代理。解析、连接、TLS、首字节分别计时，"
        "互不重叠；哪一步超时，原因里就写哪一步。证书不被接受时再连接一次，只为读出它的有效期。"
        "没有证书可证明应答来自目标、而应答又指向别的主机或与预期不符时，判为强制门户"
        "（captive portal）。",
        "Fetches one page with a single GET, follows no redirect and uses no proxy. Resolving, "
        "connecting, TLS and the first byte are timed apart and do not overlap; a timeout names "
        "its step. When a certificate is not accepted, a second connection reads until when it is "
        "valid. Where no certificate proves that the target itself answered, an answer that leads "
        "to another host or is not what was expected counts as a captive portal.",
    )
    limits = Text(
        "只取一个文件，不含页面里的图片和脚本，不等于浏览器打开的时间。证书有效期按本机时钟计算，"
        "本机时钟错则结果错。名称解析不成则什么也没有测到（未运行），请看 name_lookup。",
        "It is one file without the images and scripts of a page: not the time that a browser "
        "takes. The certificate's expiry is as right as this machine's clock. If the name does not "
        "resolve nothing is learned (not run); name_lookup says more.",
    )
    measures = (
        REACHABLE,
        NAME_SECONDS,
        CONNECT_SECONDS,
        TLS_SECONDS,
        FIRST_BYTE_SECONDS,
        TOTAL_SECONDS,
        BODY_BYTES,
        CERTIFICATE_REMAINING,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "status": Text(
            "HTTP 状态码，没有应答时为 none。", "HTTP status; none when nothing answered."
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSALS,
        "timeout_connect": Text("在建立连接时超时。", "Timed out while connecting."),
        "timeout_tls": Text(
            "已连接，在 TLS 握手时超时。", "Connected, and timed out in the TLS handshake."
        ),
        "timeout_first_byte": Text(
            "已连接，但服务器在规定时间内没有作答。", "Connected, but the server never answered."
        ),
        "timeout_body": Text(
            "开始作答，但没有在规定时间内答完。", "It began to answer and did not finish in time."
        ),
        "broken_off": Text("应答完成之前连接断开。", "The connection ended before the answer did."),
        "no_http": Text("应答不是 HTTP。", "The answer is not HTTP."),
        "tls_failed": Text("TLS 握手失败，不是因为证书。", "TLS failed, not for the certificate."),
        "certificate_expired": Text("服务器证书已过期。", "The server's certificate has expired."),
        "certificate_not_yet_valid": Text(
            "服务器证书尚未生效，或本机时钟慢。",
            "The server's certificate is not valid yet, or this machine's clock is slow.",
        ),
        "certificate_other_name": Text(
            "服务器证书属于另一个名称。", "The server's certificate is for another name."
        ),
        "certificate_untrusted": Text(
            "签发服务器证书的机构不被本机信任；途中可能有设备拦截 TLS。",
            "This machine does not trust who issued the server's certificate; something on the way "
            "may intercept TLS.",
        ),
        "captive_portal": Text(
            "作答的不像是目标：重定向到别处，或内容不符；可能要先登录上网（强制门户），或被过滤。",
            "The answer does not look like the target's: it leads elsewhere, or is other content. "
            "The network may want a log-in first (captive portal), or filters.",
        ),
        "http_error": Text(
            "服务器以错误状态（400 及以上）作答。",
            "The server answered with a status of 400 or more.",
        ),
        "unexpected": Text(
            "目标已作答，但状态或内容与设置的预期不符。",
            "The target answered, but not with the status or words that were expected.",
        ),
        "no_authorities": Text(
            "本机没有受信任的证书机构（Debian：安装 ca-certificates），无从判断证书。",
            "This machine knows no certificate authority (Debian: install ca-certificates), so no "
            "certificate can be judged.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings
    aimed = True
    example = "www.moe.gov.cn --set path=/"
    deadline_seconds = 45.0

    def longest_seconds(self) -> float:
        return RESOLVE_SECONDS + self.settings.timeout + CERTIFICATE_SECONDS

    async def measure(self, target: Target) -> Reading:
        run, context = _Run(), self._context()
        started = perf_counter()
        address = await resolve(target.host, target.port or (443 if self.settings.tls else 80))
        if not is_literal(target.host):
            run.values[NAME_SECONDS] = perf_counter() - started
        try:
            async with asyncio.timeout(self.settings.timeout):
                head, body = await self._fetch(address, target, context, run)
        except (OSError, asyncio.IncompleteReadError, RefusedError, NoHttpError) as exc:
            if isinstance(exc, ssl.SSLCertVerificationError):
                run.knows_certificate(await ask_remaining_seconds(address, target.host))
            return run.failed(_reason(exc, run.phase))
        run.values[TOTAL_SECONDS] = perf_counter() - started
        run.values[BODY_BYTES] = len(body)
        complaint = complaint_of(head, body, target.host, self._expected())
        return run.failed(complaint) if complaint else run.ok()

    def _expected(self) -> Expected:
        s = self.settings
        return Expected(s.expect_status, s.expect_text, proven=s.tls and s.verify)

    def _context(self) -> ssl.SSLContext | None:
        if not self.settings.tls:
            return None
        if not self.settings.verify:
            return unverified()
        if not knows_authorities():
            raise self.not_run("no_authorities")
        return ssl.create_default_context()

    async def _fetch(
        self, address: Address, target: Target, tls: ssl.SSLContext | None, run: _Run
    ) -> tuple[Head, bytes]:
        started = perf_counter()
        async with connected(address) as opened:
            run.values[CONNECT_SECONDS] = perf_counter() - started
            run.phase, started = "tls" if tls else "first_byte", perf_counter()
            async with stream(opened, limit=HEAD_BYTES, tls=tls, name=target.host) as (
                reader,
                writer,
            ):
                if tls:
                    run.values[TLS_SECONDS] = perf_counter() - started
                    run.knows_certificate(remaining_seconds(writer))
                run.phase, started = "first_byte", perf_counter()
                writer.write(encode_request(self._host(target), self.settings.path))
                begun = await reader.readexactly(1)
                run.values[FIRST_BYTE_SECONDS] = perf_counter() - started
                run.phase = "body"
                head = await read_head(reader, begun)
                run.status = str(head.status)
                return head, await read_body(reader, head, self.settings.max_bytes)

    def _host(self, target: Target) -> str:
        """As the Host header has it."""
        host = target.host if is_literal(target.host) else target.host.encode("idna").decode()
        usual = 443 if self.settings.tls else 80
        shown = f"[{host}]" if ":" in host else host
        return shown if target.port in (None, usual) else f"{shown}:{target.port}"


def _reason(exc: Exception, phase: str) -> str:
    """What is stored of a fetch that `exc` ended while it was in `phase`."""
    match exc:
        case TimeoutError():
            reason = f"timeout_{phase}"
        case ssl.SSLCertVerificationError():
            reason = complaint_about(exc)
        case RefusedError():
            reason = exc.refusal.value
        case NoHttpError():
            reason = "no_http"
        case ssl.SSLError() if phase == "tls":
            reason = "tls_failed"
        case _:
            reason = "broken_off"
    return reason
