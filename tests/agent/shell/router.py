"""A real collector, a line to it that misbehaves on demand, and routers with the shell pusher.

Only the tools of a router and curl can be found there.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

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
