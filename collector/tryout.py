"""Starts and watches the two programs of a tryout, and says what happens while they start.

The collector and the agent run as they would in earnest, as programs of their own that only speak
over the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import config
from collector.commands import verdicts
from collector.commands.client import AdminError, NotRunningError, ask
from collector.commands.register_access import actor, opened
from config.enrolment import Enrolment
from probes.model import Role
from probes.text import BanjunError, Language, Text

EXAMPLE = Path(config.__file__).parent / "examples" / "county.csv"
START_SECONDS = 30.0
MEASURE_SECONDS = 45.0
STOP_SECONDS = 15.0


class TryoutError(BanjunError):
    """A part did not start; the text says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class _Child:
    program: str
    process: subprocess.Popen[bytes]


class Tryout:
    """One run; all it leaves is below `folder`."""

    def __init__(self, folder: Path, port: int, schools: Path | None, language: Language) -> None:
        self._collector_dir = folder / "collector"
        self._agent_dir = folder / "agent"
        self._logs = folder / "log"
        self._port = port
        self._schools = schools or EXAMPLE
        self._language = language
        self._children: list[_Child] = []
        self._stopping = False
        self._arrived: float | None = None

    def run(self) -> int:
        """0 after Ctrl-C; 1 if a part ended by itself."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), self._on_signal)
        started = time.time()
        try:
            self._start(started)
            self._watch()
        except _StoppedError:
            pass
        finally:
            clean = self._stop()
        return 0 if clean else 1

    def _start(self, started: float) -> None:
        self._say("[1/5] 启动采集器……", "[1/5] Starting the collector ...")
        self._require_free_port()
        self._spawn("collector", "serve", "--data-dir", str(self._collector_dir),
                    "--port", str(self._port), "--config", str(self._settings()))  # fmt: skip
        url = str(self._wait(START_SECONDS, "/healthz", self._address))
        first = self._register_schools()
        self._enrol(url, first)
        self._say("[4/5] 本机的代理程序开始测量……", "[4/5] The agent of this machine measures ...")
        self._spawn("agent", "run", "--state-dir", str(self._agent_dir))
        answer = self._wait(MEASURE_SECONDS, "/v1/verdicts", lambda: self._judged(started))
        self._say("[5/5] 判定：", "[5/5] Verdicts:")
        print(flush=True)
        schools, areas = verdicts.split(answer)
        verdicts.show(schools, areas, self._language)
        self._show_where(url)

    def _settings(self) -> Path:
        """Judged often, because somebody is waiting to see it."""
        path = self._collector_dir / "tryout.toml"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("judge_every = 5.0\n", "utf-8")
        return path

    def _require_free_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self._port))
            except OSError as exc:
                raise TryoutError(
                    Text(
                        f"端口 {self._port} 已被占用；请停止占用它的程序，或用 --port 换一个。",
                        f"Port {self._port} is in use; stop what uses it, or choose another.",
                    )
                ) from exc

    def _register_schools(self) -> str:
        """The code of the first school in the file."""
        with opened(self._collector_dir) as register:
            known = register.schools(register.today())
            if not known:
                self._say(
                    f"[2/5] 登记示例县的学校（{self._schools}）……",
                    f"[2/5] Registering the schools of {self._schools} ...",
                )
        if not known:
            from collector.__main__ import main

            place = ["--data-dir", str(self._collector_dir), "--lang", self._language.value]
            if main(["schools", "import", str(self._schools), *place]) != 0:
                raise _StoppedError
        else:
            self._say(
                f"[2/5] 已登记 {len(known)} 所学校。", f"[2/5] {len(known)} schools are known."
            )
        with opened(self._collector_dir) as register:
            return sorted(s.code for s in register.schools(register.today()))[0]

    def _enrol(self, url: str, school: str) -> None:
        known = self._identity()
        if known and known["url"] == url:
            self._say("[3/5] 本机已注册。", "[3/5] This machine is enrolled already.")
            return
        self._say(
            f"[3/5] 把本机注册为学校 {school} 的网关……",
            f"[3/5] Enrolling this machine as the gateway of school {school} ...",
        )
        with opened(self._collector_dir) as register:
            if known:  # on another port: the old identity leads nowhere
                register.revoke(str(known["agent"]), actor())
            token = register.create_token(school, Role.GATEWAY, actor=actor(), note="tryout")
        string = Enrolment(url, token.id, token.secret).to_text()
        done = subprocess.run(
            [sys.executable, "-m", "agent", "enrol", string, "--state-dir", str(self._agent_dir),
             "--lang", self._language.value, *(["--replace"] if known else [])],
            check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            raise _StoppedError

    def _identity(self) -> dict[str, object] | None:
        path = self._agent_dir / "identity.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def _spawn(self, program: str, *arguments: str) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{program}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", program, *arguments, "--lang", self._language.value],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours; they are stopped in order
            )
        self._children.append(_Child(program, child))

    def _wait(self, seconds: float, what: str, look: Any) -> Any:
        """What `look` finds; raises TryoutError if it finds nothing in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check_children()
            with contextlib.suppress(NotRunningError, AdminError):
                if (found := look()) is not None:
                    return found
            time.sleep(0.25)
        raise TryoutError(
            Text(
                f"等了 {seconds:.0f} 秒仍没有得到 {what}；请看 {self._logs} 中的日志。",
                f"{what} gave nothing within {seconds:.0f} s; the logs in {self._logs} say more.",
            )
        )

    def _address(self) -> str | None:
        ask(self._collector_dir, "/v1/status")
        return f"http://127.0.0.1:{self._port}"

    def _judged(self, started: float) -> Any:
        """Verdicts that rest on readings of this start; None until there are some."""
        from datetime import datetime

        newest = ask(
            self._collector_dir,
            "/v1/query",
            {"metric": "host_resources.memory_used_ratio", "statistic": "latest"},
        )
        seen = [datetime.fromisoformat(row["at"]).timestamp() for row in newest]
        if not seen or max(seen) < started:
            return None
        # Since they arrived, and not since they were taken: they travel when a round is done.
        self._arrived = self._arrived or time.time()
        answer = ask(self._collector_dir, "/v1/verdicts")
        judged = datetime.fromisoformat(answer["judged_at"]).timestamp()
        return answer if judged > self._arrived else None

    def _show_where(self, url: str) -> None:
        self._say(
            f"\n网页：{url}/\n日志：{self._logs}\n按 Ctrl-C 停止；数据保留在 {self._logs.parent}。",
            f"\nPages: {url}/\nLogs: {self._logs}\nCtrl-C stops it; the data stay in "
            f"{self._logs.parent}.",
        )
        if os.name == "posix" and os.geteuid() != 0:
            self._say(
                "以普通用户运行：读不到防火墙规则，防火墙职责因此为“未知”；"
                "以 root 运行会补上这一项。",
                "Running as an ordinary user: firewall rules cannot be read, so the firewall duty "
                "is unknown. Root would add it.",
            )

    def _watch(self) -> None:
        while True:
            self._check_children()
            time.sleep(0.5)

    def _check_children(self) -> None:
        if self._stopping:
            raise _StoppedError
        for child in self._children:
            if child.process.poll() is not None:
                code, last = child.process.returncode, self._last_words(child.program)
                raise TryoutError(
                    Text(
                        f"{child.program} 已退出（{code}）：{last}\n日志：{self._logs}",
                        f"The {child.program} ended ({code}): {last}\nLogs: {self._logs}",
                    )
                )

    def _last_words(self, program: str) -> str:
        """The last line of its log, which names the fault."""
        log = self._logs / f"{program}.log"
        return next(reversed(log.read_text("utf-8", "replace").splitlines()), "")

    def _stop(self) -> bool:
        """Agent first, so that its last readings arrive; True if all ended in order."""
        if self._children:
            self._say("\n正在停止……", "\nStopping ...")
        codes = []
        for child in (c.process for c in reversed(self._children)):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            try:
                codes.append(child.wait(STOP_SECONDS))
            except subprocess.TimeoutExpired:
                child.kill()
                codes.append(child.wait())
        return self._stopping and all(code == 0 for code in codes)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _say(self, zh: str, en: str) -> None:
        # Nobody may be reading any more; the parts are stopped all the same.
        with contextlib.suppress(OSError):
            print(Text(zh, en)(self._language), flush=True)


class _StoppedError(Exception):
    """Somebody pressed Ctrl-C, or a step has said why it cannot go on."""
