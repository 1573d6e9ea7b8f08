"""A county and a school in a network namespace each, with one cable between them that can be cut.

In the county run a collector in a hurry and whom it tells: a mail server and a webhook. In the
school runs an agent. All of them are the real programs, in processes of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.judge.standing import CONTACT
from collector.register.incident import Delivery
from collector.register.model import School, State
from collector.register.register import Register
from config.policy_folder import OWN, POLICY_FOLDER

ROOT = Path(__file__).parents[2]
HERE, THERE = "198.51.100.1", "198.51.100.2"
SCHOOL = "9934000001"
PORT, SMTP, HTTP = 8421, 2525, 8080
PATIENCE = 90.0

SCHEDULE = """
[role.gateway]
push_every = 1
seal_every = 1
[[role.gateway.task]]
probe = "presence"
every = 1
[[role.gateway.task]]
probe = "tcp_connect"
every = 1
target = "collector"
host = "collector"
[[role.gateway.task]]
probe = "host_resources"
every = 1
"""
ROUTES = """
[[route]]
id = "everybody"
channels = ["mail", "hook"]
language = "zh"
"""
CHANNELS = f"""
[[channel]]
id = "mail"
url = "mailto://127.0.0.1:{SMTP}?from=banjun@county.example&to=duty@county.example"
[[channel]]
id = "hook"
url = "json://127.0.0.1:{HTTP}/banjun"
"""
SHORTER = (('= "20 min"', '= "6 s"'), ('= "5 min"', '= "6 s"'), ('wait = "150 s"', 'wait = "1 s"'))
"""Of all policies: the window after which a silent gateway is missed, and how long an incident has
to settle."""


class County:
    """Make it, `start`, and `close` it whatever happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spaces = [f"banjun-{name}-{os.getpid()}" for name in ("county", "school")]
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._book = folder / "book.jsonl"
        self.data_dir = folder / "collector"
        self._policies = self.data_dir / OWN
        shutil.copytree(POLICY_FOLDER, self._policies)
        self._shorten()

    def _shorten(self) -> None:
        for path in self._policies.glob("*.toml"):
            text = path.read_text("utf-8")
            if path.name.startswith("threshold-") or path.name == "incidents.toml":
                for long, short in SHORTER:
                    text = text.replace(long, short)
                path.write_text(text, "utf-8")
        (self._policies / "schedule.toml").write_text(SCHEDULE)
        with (self._policies / "routes.toml").open("a") as routes:
            routes.write(ROUTES)

    # The cable

    def lay_cable(self) -> bool:
        """False where there are no network namespaces."""
        county, school = self._spaces
        made = subprocess.run(["ip", "netns", "add", county], capture_output=True, check=False)
        if made.returncode:
            return False
        _ip("netns", "add", school)
        ends = f"cable type veth peer name cable netns {school}"
        _ip("-n", county, "link", "add", *ends.split())
        for space, address in ((county, HERE), (school, THERE)):
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "addr", "add", f"{address}/30", "dev", "cable")
            _ip("-n", space, "link", "set", "cable", "up")
        return True

    def cut(self) -> None:
        _ip("-n", self._spaces[0], "link", "set", "cable", "down")

    def mend(self) -> None:
        _ip("-n", self._spaces[0], "link", "set", "cable", "up")

    # The programs

    def found(self) -> None:
        """The school is on the register, its gateway enrolled, and both programs run."""
        self._run("county", "collector", "init", "--name", HERE, *self._data())
        register = Register.open(self.data_dir / "register.sqlite3")
        school = School(code=SCHOOL, name="示范小学", adcode="340199", classes={"primary": 12})
        register.put_schools([school], actor="test")
        register.close()
        channels = self.data_dir / "channels.toml"
        channels.write_text(CHANNELS)
        channels.chmod(0o600)
        self.start_collector()
        string = self._run(
            "county", "collector", "token", "create", SCHOOL, "--role", "gateway", *self._data()
        )
        state = ("--state-dir", str(self._folder / "agent"))
        self._run("school", "agent", "enrol", string.strip(), *state)
        self._start("agent", "school", "agent", "run", *state)
        self.wait(lambda: self._contact() is State.UP, "the first word of the school")

    def start_collector(self) -> None:
        settings = self._folder / "collector.toml"
        settings.write_text("judge_every = 1.0\n")
        serving = self.data_dir / "serving.json"
        serving.unlink(missing_ok=True)
        self._start(
            "collector", "county", "tests.lab.quick_collector", "serve",
            "--config", str(settings), "--host", HERE, "--port", str(PORT), *self._data(),
        )  # fmt: skip
        self.wait(serving.exists, "the collector listens")

    def start_notifier(self) -> None:
        self._start(
            "notifier", "county", "tests.lab.notifier", str(self._book), str(SMTP), str(HTTP)
        )

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        program = self._programs.pop(name)
        program.send_signal(how)
        program.wait(PATIENCE)

    def close(self) -> None:
        for program in self._programs.values():
            program.kill()
            program.wait(PATIENCE)
        for space in self._spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    def _data(self) -> tuple[str, ...]:
        return ("--data-dir", str(self.data_dir), "--lang", "zh")

    def _inside(self, where: str, *words: str) -> list[str]:
        space = self._spaces[("county", "school").index(where)]
        return ["ip", "netns", "exec", space, sys.executable, "-m", *words]

    def _run(self, where: str, *words: str) -> str:
        done = subprocess.run(
            self._inside(where, *words), cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _start(self, name: str, where: str, *words: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            command = self._inside(where, *words)
            self._programs[name] = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    # What can be seen

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not happened():
            for name, program in self._programs.items():
                assert program.poll() is None, (name, self.log(name))
            assert time.monotonic() < until, (what, self.log("collector"))
            time.sleep(0.1)

    def told(self) -> list[dict[str, Any]]:
        """All messages that mail server and webhook took, in order."""
        if not self._book.exists():
            return []
        return [json.loads(line) for line in self._book.read_text("utf-8").splitlines()]

    def deliveries(self) -> list[Delivery]:
        register = Register.open(self.data_dir / "register.sqlite3")
        try:
            return [d for i in register.incidents() for d in register.deliveries(i.id)]
        finally:
            register.close()

    def _contact(self) -> State | None:
        register = Register.open(self.data_dir / "register.sqlite3")
        try:
            found = [h.state for w, h in register.states().items() if w.threshold == CONTACT.id]
            return found[0] if found else None
        finally:
            register.close()

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text("utf-8")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
