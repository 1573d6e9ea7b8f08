"""The pusher for gateways without Python, under busybox: only its tools and curl can be found.

A line between it and a real collector can be cut, swallow an answer, or be a captive portal.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest

from collector.commands.client import ask
from collector.register.model import School
from collector.register.register import Register
from config.enrolment import Enrolment
from probes.catalog import discover
from probes.model import COMMON_REASONS, Role
from probes.wire import Batch, Record
from tests.durability.contents import copied
from tests.durability.processes import REPOSITORY, free_port, wait_until

SCRIPT = REPOSITORY / "agent" / "shell" / "banjun-push.sh"
SCHOOL = "9934000001"
TOOLS = [
    "sh", "awk", "cat", "cut", "date", "find", "grep", "gzip", "head", "hexdump", "logger",
    "mkdir", "mv", "ping", "rm", "sed", "sha256sum", "sleep", "sort", "tail", "tr", "uname", "wc",
]  # fmt: skip
"""The applets of busybox that the pusher may use. OpenWrt's has all of them."""

pytestmark = [pytest.mark.long, pytest.mark.server("busybox", "curl")]
SHELLS = [
    "busybox",
    pytest.param(
        "dash", marks=pytest.mark.skipif(not shutil.which("dash"), reason="needs dash")
    ),
]  # fmt: skip


class Line(ThreadingHTTPServer):
    """Between pusher and collector. `mode`: pass, cut, swallow (the answer), portal, or busy."""

    daemon_threads = True

    def __init__(self, collector: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.collector = collector
        self.mode = "pass"
        self.pushes = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class TlsLine(Line):
    """As Line, with a certificate of an authority that it shows along with its own."""

    def __init__(self, collector: int, authority: Authority) -> None:
        super().__init__(collector)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.chain, authority.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, address: object) -> None:
        pass  # Who does not trust us hangs up.


class Authority:
    """Made by openssl: an authority of some name, and a certificate for 127.0.0.1."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.certificate = folder / "authority.pem"
        self.chain, self.key = folder / "chain.pem", folder / "leaf.key"
        self._folder = folder
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl(
            "req", "-x509", *curve, "-keyout", "authority.key", "-out", "authority.pem",
            "-days", "2", "-subj", f"/CN={name}",
        )  # fmt: skip
        self._openssl("req", *curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=c")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        self._openssl(
            "x509", "-req", "-in", "leaf.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "leaf.pem",
        )  # fmt: skip
        leaf = (folder / "leaf.pem").read_text()
        self.chain.write_text(leaf + self.certificate.read_text())

    @property
    def pin(self) -> str:
        public = self._openssl("x509", "-in", "authority.pem", "-pubkey", "-noout")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_as_certificate(public))).hexdigest()

    def _openssl(self, *words: str) -> str:
        done = subprocess.run(
            ["openssl", *words], cwd=self._folder, capture_output=True, text=True, check=True
        )
        return done.stdout


def _as_certificate(public_key: str) -> str:
    return public_key.replace("PUBLIC KEY", "CERTIFICATE")


class _Handler(BaseHTTPRequestHandler):
    server: Line

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushes += 1
        if self.server.mode == "cut":
            self.connection.close()
            return
        if self.server.mode == "portal":
            self._answer(200, b"<html>Please log in. 123456789</html>", "text/html")
            return
        if self.server.mode == "busy":
            self._answer(503, b'{"error":"busy","error_zh":""}', retry_after="120")
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.collector, timeout=10)
        with closing(behind), suppress(ConnectionError):
            behind.request("POST", self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
            if self.server.mode != "swallow":
                self._answer(answer.status, content)
                return
        self.connection.close()

    def _answer(
        self, code: int, body: bytes, kind: str = "application/json", retry_after: str = ""
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


class County:
    """A real collector that can be stopped and started again, behind a line."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "collector"
        self.port = free_port()
        self.line = Line(self.port)
        threading.Thread(target=self.line.serve_forever, args=(0.02,), daemon=True).start()
        self._log = folder / "collector.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.data_dir.mkdir()
        register = Register.open(self.data_dir / "register.sqlite3")
        school = School(code=SCHOOL, name="示范小学", adcode="340199", classes={"primary": 12})
        register.put_schools([school], actor="test")
        token = register.create_token(SCHOOL, Role.GATEWAY, actor="test", max_uses=50)
        register.close()
        self.string = Enrolment(self.line.url, token.id, token.secret).to_text()

    def start(self) -> None:
        command = [sys.executable, "-m", "collector", "serve", "--data-dir", str(self.data_dir)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)], cwd=REPOSITORY, stdout=log, stderr=log
            )
        wait_until(self._listens, "the collector listens")

    def _listens(self) -> bool:
        with socket.socket() as opened:
            return opened.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0, self._log.read_text()

    def close(self) -> None:
        self.line.shutdown()
        self.line.server_close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(20)

    def count(self, metric: str, agent: str) -> float:
        """How many values of a metric an agent has, by the query API."""
        rows = self.query(metric, statistic="count", where=f"agent:{agent}")
        return float(rows[0]["value"]) if rows else 0.0

    def query(self, metric: str, **given: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = ask(self.data_dir, "/v1/query", {"metric": metric, **given})
        return rows

    def lost(self, agent: str) -> int:
        """Readings that the agent has reported as lost."""
        with copied(self.data_dir / "journal.sqlite3") as db:
            found = db.execute("SELECT coalesce(sum(count), 0) FROM gap WHERE agent=?", [agent])
            return int(found.fetchone()[0])


class Gateway:
    """A machine with a shell, its own state and spool, and nothing else."""

    def __init__(self, folder: Path, shell: str = "busybox") -> None:
        self.state = folder / "state"
        self.spool = folder / "spool"
        self.state.mkdir(parents=True)
        tools = folder / "bin"
        tools.mkdir()
        for name in TOOLS:
            (tools / name).symlink_to(str(shutil.which("busybox")))
        for name in ("curl", *(["dash"] if shell == "dash" else [])):
            (tools / name).symlink_to(str(shutil.which(name)))
        self._shell = str(tools / ("dash" if shell == "dash" else "sh"))
        self._environment = {
            "PATH": str(tools),
            "BANJUN_STATE": str(self.state),
            "BANJUN_SPOOL": str(self.spool),
            "BANJUN_STDERR": "yes",
            "LANG": "de_DE.UTF-8",
        }
        self.configure()

    def configure(self, **settings: str | int) -> None:
        words = {"WAN": "lo", "ECHOES": 1, "SHAKES": 1} | settings
        lines = [f"{name}='{value}'\n" for name, value in words.items()]
        (self.state / "push.conf").write_text("".join(lines), "utf-8")

    def __call__(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self._shell, str(SCRIPT), *words],
            env=self._environment, input=stdin, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert "not found" not in done.stderr  # a tool that is not in TOOLS
        assert "syntax error" not in done.stderr.lower()
        return done

    def push(self) -> None:
        done = self("push")
        assert (done.returncode, done.stderr) == (0, "")

    @property
    def agent(self) -> str:
        return (self.state / "identity").read_text().partition("# agent=")[2].split()[0]

    @property
    def waiting(self) -> list[Path]:
        return sorted((self.spool / "queue").glob("*.json"))

    def pretend_enrolment(self, url: str) -> None:
        (self.state / "identity").write_text(f"# url={url}\n# agent=a1\n# school={SCHOOL}\n")

    def measured(self) -> dict[tuple[str, str], Record]:
        """What one run without a collector left in the spool, by probe and target."""
        self("push")
        (path,) = self.waiting
        batch = msgspec.json.decode(path.read_bytes(), type=Batch)
        assert int(path.name.split("-")[1]) == len(batch.readings)
        for record in batch.readings:
            keeps_to_declaration(record)
        return {(record.probe, record.target): record for record in batch.readings}


def keeps_to_declaration(record: Record) -> None:
    probe = discover()[record.probe]
    metrics = {metric.name: metric for metric in probe.measures}
    assert set(record.labels) == set(probe.labels)
    assert record.reason in {"", *COMMON_REASONS, *probe.reasons}
    assert (record.reason == "") == (record.outcome == "ok")
    assert bool(record.values) != (record.outcome == "not_run")
    for name, value in record.values.items():
        low, high = metrics[name].minimum, metrics[name].maximum
        assert low is None or value >= low, name
        assert high is None or value <= high, name


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    founded = County(tmp_path_factory.mktemp("county"))
    try:
        founded.start()
        yield founded
    finally:
        founded.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


@pytest.fixture
def enrolled(tmp_path: Path, county: County) -> Gateway:
    county.line.mode = "pass"
    gateway = Gateway(tmp_path)
    assert gateway("enrol", "-", stdin=county.string).returncode == 0
    return gateway


@pytest.fixture
def lonely(gateway: Gateway) -> Gateway:
    """Believes that it is enrolled; its collector's port is closed."""
    gateway.pretend_enrolment(f"http://127.0.0.1:{free_port()}")
    return gateway


def carry(bytes_: int) -> None:
    """Send so much over the loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        far.bind(("127.0.0.1", 0))
        for _ in range(bytes_ // 50_000):
            near.sendto(bytes(50_000), far.getsockname())


@pytest.mark.parametrize("shell", SHELLS)
def test_school_page_and_api_show_a_gateway_without_python(
    shell: str, county: County, tmp_path: Path
) -> None:
    county.line.mode = "pass"
    gateway = Gateway(tmp_path, shell)
    done = gateway("enrol", county.string)
    assert "示范小学" in done.stdout
    assert stat.S_IMODE((gateway.state / "identity").stat().st_mode) == 0o600
    gateway.configure(ECHOES=2, SHAKES=2)
    gateway.push()
    carry(20_000_000)
    gateway.push()
    agent = gateway.agent
    wait_until(lambda: county.count("uptime.uptime_seconds", agent) == 2, "two readings")

    where = f"agent:{agent}"
    (rate,) = county.query(
        "interface_rate.received_bits_per_second", statistic="max", by="interface", where=where
    )
    assert rate["interface"] == "lo"
    assert 8 * 20_000_000 / 30 < rate["value"] < 1e12  # both runs took less than half a minute
    (uptime,) = county.query("uptime.uptime_seconds", statistic="max", where=where)
    up = float(Path("/proc/uptime").read_text().split()[0])
    assert up - 30 < uptime["value"] <= up
    for metric in (
        "icmp_echo.rtt_seconds_median",
        "icmp_echo.delay_variation_seconds_mean",
        "tcp_connect.handshake_seconds_median",
    ):
        (delay,) = county.query(metric, by="target", where=where)
        assert delay["target"] == "collector"
        assert 0 <= delay["value"] < 1, metric
    assert county.query("icmp_echo.reachable", where=where)[0]["value"] == 1
    assert county.query("interface_rate.link_up", where=where)[0]["value"] == 1

    with urlopen(f"http://127.0.0.1:{county.port}/schools/{SCHOOL}") as answer:
        page = answer.read().decode()
    for word in ("interface_rate", "uptime", "icmp_echo", "tcp_connect", "banjun-push 1", agent):
        assert word in page


def test_nothing_is_lost_or_doubled_when_the_collector_goes_away(
    county: County, enrolled: Gateway
) -> None:
    runs = count(1)

    def run(mode: str) -> int:
        county.line.mode = mode
        next(runs)
        return enrolled("push").returncode

    assert run("pass") == 0
    for mode in ("cut", "portal", "busy", "swallow"):
        assert run(mode) == 1, mode
    assert len(enrolled.waiting) == 4  # `swallow` was stored, but the pusher cannot know
    before = [path.read_bytes() for path in enrolled.waiting]
    county.stop()
    assert run("pass") == 1
    assert [path.read_bytes() for path in enrolled.waiting][:4] == before  # never changed
    county.start()
    assert run("pass") == 0
    assert enrolled.waiting == []
    made = next(runs) - 1
    wait_until(lambda: county.count("uptime.uptime_seconds", enrolled.agent) >= made, "all of it")
    assert county.count("uptime.uptime_seconds", enrolled.agent) == made
    assert county.lost(enrolled.agent) == 0
    assert not (enrolled.spool / "dead").exists()


def test_what_the_bounded_spool_drops_is_told_as_a_gap(county: County, enrolled: Gateway) -> None:
    enrolled.configure(KEEP=2)
    county.line.mode = "cut"
    for _ in range(4):
        enrolled("push")
    kept = enrolled.waiting
    assert [int(path.name.split("-")[0]) for path in kept] == [2, 3]  # the oldest went
    county.line.mode = "pass"
    enrolled.push()
    assert county.lost(enrolled.agent) == 3 * 4  # of the three runs that two newer ones followed
    assert "12" in enrolled("status").stdout
    enrolled.push()
    assert county.lost(enrolled.agent) == 12


def test_backlog_is_delivered_in_several_pushes(county: County, enrolled: Gateway) -> None:
    county.line.mode = "cut"
    enrolled("push")
    (first,) = enrolled.waiting
    batch = json.loads(first.read_text())
    for seq in range(1, 40):
        name = first.name.replace("0000000000", f"{seq:010}", 1)
        first.with_name(name).write_text(json.dumps(batch | {"seq": seq}))
    (enrolled.spool / "seq").write_text("40\n")
    county.line.mode, county.line.pushes = "pass", 0
    enrolled.push()
    assert enrolled.waiting == []
    assert county.line.pushes >= 3


def test_batch_that_is_refused_is_set_aside_and_the_others_go_on(
    county: County, enrolled: Gateway
) -> None:
    county.line.mode = "cut"
    enrolled("push")
    enrolled("push")
    first, second = enrolled.waiting
    second.write_text(second.read_text().replace("uptime_seconds", "no_such_metric"))
    first.write_text("this is no JSON")
    county.line.mode = "pass"
    done = enrolled("push")
    assert done.returncode == 0
    assert enrolled.waiting == []
    assert {path.name for path in (enrolled.spool / "dead").iterdir()} == {first.name, second.name}
    assert "HTTP 400" in done.stderr
    assert "no_such_metric" in done.stderr


def test_cron_waits_as_long_as_a_busy_collector_asks(county: County, enrolled: Gateway) -> None:
    identity = (enrolled.state / "identity").read_text()
    agent = enrolled.agent
    # An agent of whose number nothing is left has its second at once: 1 modulo 40.
    text = identity.replace(f"# agent={agent}", "# agent=abc")
    (enrolled.state / "identity").write_text(text)
    county.line.mode = "busy"
    assert enrolled("cron").returncode == 1
    until = int((enrolled.spool / "not-before").read_text().split()[0])
    assert until >= float(Path("/proc/uptime").read_text().split()[0]) + 110
    county.line.pushes = 0
    assert enrolled("cron").returncode == 0
    assert (county.line.pushes, len(enrolled.waiting)) == (0, 2)


def test_enrolment_whose_answer_was_lost_gets_the_same_agent(
    county: County, gateway: Gateway
) -> None:
    county.line.mode = "swallow"
    assert gateway("enrol", county.string).returncode == 2
    nonce = (gateway.state / "nonce").read_text()
    agents = {each["agent"] for each in ask(county.data_dir, "/v1/agents")}
    county.line.mode = "pass"
    assert gateway("enrol", county.string).returncode == 0
    assert gateway.agent in agents
    assert nonce
    assert not (gateway.state / "nonce").exists()
    again = gateway("enrol", county.string)
    assert (again.returncode, "--replace" in again.stderr) == (2, True)


def damaged(string: str) -> str:
    middle = len(string) // 2
    return string[:middle] + ("A" if string[middle] != "A" else "B") + string[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged, "not a whole"),
        (lambda string: string[:-9], "not a whole"),
        (lambda string: "hello", "not a whole"),
        (lambda _: Enrolment("http://192.0.2.1:8421", "t", "s").to_text(), "https"),
        (lambda _: Enrolment("http://127.0.0.1.example.org", "t", "s").to_text(), "https"),
        (lambda _: Enrolment("https://127.0.0.1:9", "t", "s", "ab" * 32).to_text(), "--ca"),
    ],
)
def test_string_that_cannot_be_trusted_sends_nothing(
    spoil: Callable[[str], str], said: str, gateway: Gateway
) -> None:
    done = gateway("enrol", spoil(Enrolment("http://127.0.0.1:9", "tok", "secret").to_text()))
    assert (done.returncode, said in done.stderr) == (2, True)
    assert not (gateway.state / "nonce").exists()  # the nonce is written before anything is sent


@pytest.fixture
def tls(county: County, tmp_path: Path) -> Iterator[tuple[TlsLine, Authority]]:
    """A line to the collector over TLS, and the authority that signed for it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    authority = Authority(tmp_path / "authority", "Banjun")
    line = TlsLine(county.port, authority)
    threading.Thread(target=line.serve_forever, args=(0.02,), daemon=True).start()
    yield line, authority
    line.shutdown()
    line.server_close()


def pinned_string(county: County, url: str, pin: str) -> str:
    known = Enrolment.parse(county.string)
    return Enrolment(url, known.token_id, known.secret, pin).to_text()


def test_pinned_authority_is_found_in_what_the_collector_shows(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway
) -> None:
    line, authority = tls
    done = gateway("enrol", pinned_string(county, line.url, authority.pin))
    assert (done.returncode, done.stderr) == (0, "")
    assert (gateway.state / "ca.pem").read_text() == authority.certificate.read_text()
    gateway.push()
    assert line.pushes == 2  # the enrolment, and a push


def test_pinned_authority_may_be_brought_by_any_way(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway, tmp_path: Path
) -> None:
    line, authority = tls
    other = Authority(tmp_path / "other", "School filter")
    string = pinned_string(county, line.url, authority.pin)
    done = gateway("enrol", "--ca", str(other.certificate), string)
    assert (done.returncode, line.pushes) == (2, 0)
    both = tmp_path / "both.pem"
    both.write_text(other.certificate.read_text() + authority.certificate.read_text())
    assert gateway("enrol", "--ca", str(both), string).returncode == 0
    assert (gateway.state / "ca.pem").read_text() == authority.certificate.read_text()


def test_filter_that_stands_in_between_is_told_nothing(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway, tmp_path: Path
) -> None:
    line, authority = tls
    done = gateway("enrol", pinned_string(county, line.url, "ab" * 32))
    assert (done.returncode, line.pushes) == (2, 0)
    assert "filter" in done.stderr
    assert not (gateway.state / "nonce").exists()
    # One that begins to intercept later: the key does not reach it.
    assert gateway("enrol", pinned_string(county, line.url, authority.pin)).returncode == 0
    filtered = TlsLine(county.port, Authority(tmp_path / "other", "School filter"))
    threading.Thread(target=filtered.serve_forever, args=(0.02,), daemon=True).start()
    identity = gateway.state / "identity"
    identity.write_text(identity.read_text().replace(line.url, filtered.url))
    assert gateway("push").returncode == 1
    assert filtered.pushes == 0
    assert len(gateway.waiting) == 1
    filtered.shutdown()
    filtered.server_close()


def test_key_is_on_no_command_line(county: County, enrolled: Gateway, tmp_path: Path) -> None:
    """A curl in the place of the real one writes down how it was called."""
    seen, curl = tmp_path / "seen", tmp_path / "bin" / "curl"
    curl.unlink()
    curl.write_text(f'#!/bin/sh\necho "$@" >>"{seen}"\nexec {shutil.which("curl")} "$@"\n')
    curl.chmod(0o755)
    enrolled.push()
    key = (enrolled.state / "identity").read_text().partition("Bearer ")[2].split('"')[0]
    assert "/v1/push" in seen.read_text()
    assert key.partition(".")[2] not in seen.read_text()


def test_failing_targets_are_readings_and_our_own_faults_are_not(lonely: Gateway) -> None:
    closed = free_port()
    lonely.configure(
        PING="nowhere=no-such-host.invalid",
        TCP=f"closed=127.0.0.1:{closed} nowhere=no-such-host.invalid:443",
    )
    found = lonely.measured()
    assert found["icmp_echo", "collector"].values["reachable"] == 1
    assert found["tcp_connect", "closed"].outcome == "failed"
    assert found["tcp_connect", "closed"].reason == "refused"
    assert found["tcp_connect", "closed"].values == {"reachable": 0, "loss_ratio": 0}
    for probe in ("icmp_echo", "tcp_connect"):
        assert found[probe, "nowhere"].outcome == "not_run"
        assert found[probe, "nowhere"].reason == "unresolved"


def test_rates_are_absent_at_first_and_after_a_reset(lonely: Gateway) -> None:
    first = lonely.measured()["interface_rate", "local"]
    assert first.values == {"link_up": 1}
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    lonely.waiting[0].unlink()
    (lonely.spool / "counters.lo").write_text(f"{boot} 1.00 {2**62} 0 0 0\n")
    assert lonely.measured()["interface_rate", "local"].values == {"link_up": 1}
    lonely.waiting[0].unlink()
    assert "received_bits_per_second" in lonely.measured()["interface_rate", "local"].values


def test_counters_of_another_boot_make_no_rate(lonely: Gateway) -> None:
    lonely.spool.mkdir(mode=0o700)
    (lonely.spool / "counters.lo").write_text("another-boot 1.00 0 0 0 0\n")
    assert lonely.measured()["interface_rate", "local"].values == {"link_up": 1}


def test_line_that_is_gone_is_not_a_rate_of_zero(lonely: Gateway) -> None:
    lonely.configure(WAN="pppoe-wan")
    record = lonely.measured()["interface_rate", "local"]
    assert (record.outcome, record.reason, record.values) == ("not_run", "no_source", {})


def test_names_are_escaped(lonely: Gateway) -> None:
    lonely.configure(TCP='平台"\\=127.0.0.1:9')
    assert ("tcp_connect", '平台"\\') in lonely.measured()


def test_sequence_goes_on_and_a_damaged_one_begins_a_new_session(lonely: Gateway) -> None:
    lonely("push")
    lonely("push")
    (lonely.spool / "seq").write_text("\x00\x00\n")
    lonely("push")
    batches = [json.loads(path.read_text()) for path in lonely.waiting]
    keys = {(batch["session"], batch["seq"]) for batch in batches}
    assert sorted(seq for _, seq in keys) == [0, 0, 1]
    assert len({session for session, _ in keys}) == 2


def test_two_runs_at_once_are_one_and_a_dead_ones_lock_is_none(lonely: Gateway) -> None:
    (lonely.spool / "lock").mkdir(parents=True)
    lonely.spool.chmod(0o700)
    (lonely.spool / "lock" / "pid").write_text(f"{2**22 + 1}\n")  # beyond any process
    lonely("push")
    assert len(lonely.waiting) == 1
    with subprocess.Popen(["sh", "-c", "read _; : banjun-push"], stdin=subprocess.PIPE) as other:
        (lonely.spool / "lock").mkdir()
        (lonely.spool / "lock" / "pid").write_text(f"{other.pid}\n")
        done = lonely("push")
        assert (done.returncode, "goes on" in done.stderr) == (1, True)
        assert len(lonely.waiting) == 1
        other.communicate(b"\n")


@pytest.mark.root
def test_spool_that_belongs_to_somebody_else_is_not_used(lonely: Gateway) -> None:
    lonely.spool.mkdir()
    os.chown(lonely.spool, 12345, 12345)
    assert lonely("push").returncode == 2
    assert list(lonely.spool.iterdir()) == []


def test_script_is_clean_to_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("needs shellcheck")
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
