"""Against nginx with certificates made here, captive portals, and servers that stop half way."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from probes.http_get import NoHttpError, decode_head
from probes.instruments.web_fetch import (
    BODY_BYTES,
    CERTIFICATE_REMAINING,
    CONNECT_SECONDS,
    FIRST_BYTE_SECONDS,
    NAME_SECONDS,
    TLS_SECONDS,
    TOTAL_SECONDS,
    Settings,
    WebFetch,
)
from probes.metrics import REACHABLE
from probes.model import Metric, Outcome, ProbeError, Reading, SettingError, Target
from tests.lab.authority import Authority
from tests.lab.daemon import accepts, daemon, free_port
from tests.probes.conftest import Measure

DAY = timedelta(days=1)
DAY_SECONDS = 86_400
CERTIFICATES = {
    "good": (-DAY, 5 * DAY, ("localhost", "127.0.0.1")),
    "expired": (-9 * DAY, -3 * DAY, ("localhost", "127.0.0.1")),
    "early": (DAY, 9 * DAY, ("localhost", "127.0.0.1")),
    "other": (-DAY, 5 * DAY, ("elsewhere.test",)),
}
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off; server_tokens off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    {servers}
    server {{
        listen 127.0.0.1:{plain};
        location / {{ return 200 "the portal's own page"; }}
        location /generate_204 {{ return 204; }}
        location /moved {{ return 301 /elsewhere; }}
        location /portal {{ return 302 http://login.portal.test/?from=here; }}
        location /log-in-first {{ return 511 "log in"; }}
        location /broken {{ return 503; }}
        location /chunked {{ proxy_pass http://127.0.0.1:{plain}/; chunked_transfer_encoding on;
            proxy_buffering off; sub_filter "portal" "school"; sub_filter_once off;
            sub_filter_types *; }}
    }}
}}
"""
TLS_SERVER = """
server {{
    listen {listen} ssl; ssl_certificate {pem}; ssl_certificate_key {pem};
    location / {{ return 200 "welcome"; }}
    location /portal {{ return 302 http://login.portal.test/; }}
}}
"""
nginx_needed = pytest.mark.server("nginx")
Ports = dict[str, int]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def nginx(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """The port of each certificate's server, and of the one without TLS."""
    folder = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in (*CERTIFICATES, "plain")}
    servers = ""
    for name, (since, until, hosts) in CERTIFICATES.items():
        pem = authority.issue(name, since, until, *hosts)
        listen = f"localhost:{ports[name]}" if name == "good" else f"127.0.0.1:{ports[name]}"
        servers += TLS_SERVER.format(listen=listen, pem=pem)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, servers=servers, plain=ports["plain"]))
    program = ["nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
    with daemon(program, lambda: accepts(ports["plain"])):
        yield ports


@pytest.fixture
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system trusts the authority of this test, and no other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


async def fetch(
    measure: Measure, port: int, settings: Settings, host: str = "127.0.0.1"
) -> Reading:
    (reading,) = await measure(WebFetch(settings), Target("page", host, port))
    return reading


def plain(path: str = "/", status: int = 0, text: str = "", timeout: float = 5.0) -> Settings:
    return Settings(path=path, tls=False, expect_status=status, expect_text=text, timeout=timeout)


def days(reading: Reading) -> float:
    return reading.values[CERTIFICATE_REMAINING] / DAY_SECONDS


@nginx_needed
async def test_each_step_of_a_page_is_timed_apart(
    nginx: Ports, trusting: None, measure: Measure
) -> None:
    reading = await fetch(measure, nginx["good"], Settings(), "localhost")
    assert (reading.outcome, reading.labels) == (Outcome.OK, {"status": "200"})
    steps: tuple[Metric, ...] = (NAME_SECONDS, CONNECT_SECONDS, TLS_SECONDS, FIRST_BYTE_SECONDS)
    assert all(reading.values[step] > 0 for step in steps)
    assert sum(reading.values[step] for step in steps) <= reading.values[TOTAL_SECONDS] < 5
    assert reading.values[BODY_BYTES] == len("welcome")
    assert days(reading) == pytest.approx(5, abs=0.01)


@nginx_needed
@pytest.mark.parametrize(
    ("name", "reason", "left"),
    [
        ("expired", "certificate_expired", -3),
        ("early", "certificate_not_yet_valid", 9),
        ("other", "certificate_other_name", 5),
    ],
)
async def test_bad_certificate_fails_with_its_reason_and_its_expiry(
    name: str, reason: str, left: int, nginx: Ports, trusting: None, measure: Measure
) -> None:
    reading = await fetch(measure, nginx[name], Settings())
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert days(reading) == pytest.approx(left, abs=0.01)
    assert reading.labels == {"status": "none"}
    assert FIRST_BYTE_SECONDS not in reading.values


@nginx_needed
async def test_unknown_authority_fails_and_the_expiry_is_told(
    nginx: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).file))
    reading = await fetch(measure, nginx["good"], Settings())
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "certificate_untrusted")
    assert days(reading) == pytest.approx(5, abs=0.01)


@nginx_needed
async def test_certificate_that_need_not_be_trusted_only_tells_its_expiry(
    nginx: Ports, measure: Measure
) -> None:
    reading = await fetch(measure, nginx["expired"], Settings(verify=False))
    assert reading.outcome is Outcome.OK
    assert days(reading) == pytest.approx(-3, abs=0.01)


async def test_machine_without_authorities_knows_nothing_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with pytest.raises(ProbeError) as caught:
        await WebFetch(Settings()).measure(Target("x", "127.0.0.1"))
    assert caught.value.reason == "no_authorities"


@nginx_needed
@pytest.mark.parametrize(
    ("settings", "reason", "status"),
    [
        (plain("/generate_204", status=204), "", "204"),
        (plain("/", status=204), "captive_portal", "200"),
        (plain("/", text="欢迎"), "captive_portal", "200"),
        (plain("/", text="portal's"), "", "200"),
        (plain("/portal"), "captive_portal", "302"),
        (plain("/portal", status=302), "", "302"),
        (plain("/log-in-first"), "captive_portal", "511"),
        (plain("/moved"), "", "301"),
        (plain("/moved", status=200), "unexpected", "301"),
        (plain("/broken"), "http_error", "503"),
        (plain("/broken", status=503), "", "503"),
    ],
    ids=lambda value: value.path if isinstance(value, Settings) else str(value),
)
async def test_answer_is_told_from_that_of_a_captive_portal(
    settings: Settings, reason: str, status: str, nginx: Ports, measure: Measure
) -> None:
    reading = await fetch(measure, nginx["plain"], settings)
    assert (reading.reason, reading.labels["status"]) == (reason, status)
    assert reading.values[REACHABLE] == (not reason)
    assert TLS_SECONDS not in reading.values
    assert CERTIFICATE_REMAINING not in reading.values


@nginx_needed
async def test_redirect_of_a_proven_target_is_its_own(
    nginx: Ports, trusting: None, measure: Measure
) -> None:
    reading = await fetch(measure, nginx["good"], Settings(path="/portal"))
    assert (reading.outcome, reading.labels) == (Outcome.OK, {"status": "302"})


@nginx_needed
async def test_body_in_chunks_is_put_together(nginx: Ports, measure: Measure) -> None:
    reading = await fetch(measure, nginx["plain"], plain("/chunked", text="the school's own page"))
    assert reading.outcome is Outcome.OK
    assert reading.values[BODY_BYTES] == len("the school's own page")


@nginx_needed
async def test_no_more_than_asked_is_read_of_a_body(nginx: Ports, measure: Measure) -> None:
    reading = await fetch(measure, nginx["plain"], Settings(tls=False, max_bytes=5))
    assert reading.values[BODY_BYTES] == 5


@nginx_needed
async def test_tls_with_a_server_that_has_none_fails(
    nginx: Ports, trusting: None, measure: Measure
) -> None:
    reading = await fetch(measure, nginx["plain"], Settings())
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "tls_failed")


@pytest.fixture
def frozen() -> Iterator[int]:
    """A server whose system accepts connections, and which never looks at them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.mark.parametrize(("tls", "step"), [(True, "timeout_tls"), (False, "timeout_first_byte")])
async def test_frozen_server_times_out_in_the_step_that_is_named(
    tls: bool, step: str, frozen: int, trusting: None, measure: Measure
) -> None:
    reading = await fetch(measure, frozen, Settings(tls=tls, timeout=0.3))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, step)
    assert set(reading.values) == {REACHABLE, CONNECT_SECONDS}
    assert reading.labels == {"status": "none"}


@asynccontextmanager
async def saying(words: bytes, *, then_close: bool) -> AsyncIterator[int]:
    """The port of a server that says `words` to whoever asks."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        if not then_close:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        done.set()
        server.close()
        await server.wait_closed()


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("words", "then_close", "reason", "status"),
    [
        (HALF, False, "timeout_body", "200"),
        (b"HTTP/1.1 200 OK\r\nX: ", False, "timeout_body", "none"),
        (HALF, True, "broken_off", "200"),
        (b"", True, "broken_off", "none"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True, "no_http", "none"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", True, "no_http", "200"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", True, "no_http", "none"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end", True, "", "200"),
    ],
    ids=["half", "half a head", "cut", "nothing", "ssh", "bad chunk", "endless head", "hints"],
)
async def test_answer_that_is_not_whole_is_told_apart(
    words: bytes, then_close: bool, reason: str, status: str, measure: Measure
) -> None:
    async with saying(words, then_close=then_close) as port:
        reading = await fetch(measure, port, plain(timeout=0.3))
    assert (reading.reason, reading.labels["status"]) == (reason, status)
    assert (BODY_BYTES in reading.values) == (not reason)


async def test_request_names_the_host_and_port(measure: Measure) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await fetch(measure, port, plain("/a?b=c"))
    lines = heard.result().split(b"\r\n")
    assert lines[0] == b"GET /a?b=c HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}".encode() in lines


async def test_closed_port_has_no_service(measure: Measure) -> None:
    reading = await fetch(measure, free_port(), plain())
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")
    assert reading.values == {REACHABLE: 0}


async def test_unresolvable_name_says_nothing_about_the_target() -> None:
    with pytest.raises(ProbeError) as caught:
        await WebFetch(plain()).measure(Target("x", ""))
    assert caught.value.reason == "unresolved"


@pytest.mark.parametrize("path", ["no-slash", "/a b", "/a\r\nHost: evil", "/学校"])
def test_path_that_would_end_the_request_line_is_refused(path: str) -> None:
    with pytest.raises(SettingError, match="path"):
        Settings(path=path)


@pytest.mark.parametrize("line", [b"", b"HTTP/2 200", b"HTTP/1.1 abc", b"ICY 200 OK", b"\xff\xfe"])
def test_line_that_is_no_status_line_is_no_http(line: bytes) -> None:
    with pytest.raises(NoHttpError):
        decode_head(line + b"\r\n\r\n")


@pytest.mark.root
def test_port_that_drops_and_one_that_is_rejected(in_namespace: Callable[[str], str]) -> None:
    output = in_namespace(
        """
        run() { probe web_fetch 127.0.0.1:80 --set tls=false --set timeout=0.3; }
        nft add table inet lab
        nft 'add chain inet lab input { type filter hook input priority 0; }'
        nft add rule inet lab input tcp dport 80 drop
        run
        nft flush chain inet lab input
        nft add rule inet lab input tcp dport 80 reject with icmpx admin-prohibited
        run
        """
    )
    readings = [json.loads(line)[0] for line in output.splitlines()]
    assert [r["reason"] for r in readings] == ["timeout_connect", "unreachable"]


@nginx_needed
def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(WebFetch)
