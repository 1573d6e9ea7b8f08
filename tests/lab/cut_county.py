"""A county with one school whose line can be cut, and whom the county tells: mail and a webhook.

The collector is in a hurry, so that what takes minutes takes seconds; it and the agent are real.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.judge.standing import CONTACT
from collector.register.incident import Delivery
from collector.register.model import School, State
from collector.register.register import Register
from config.policy_folder import POLICY_FOLDER
from tests.lab.county import County
from tests.lab.network import Network
from tests.lab.programs import Programs
from tests.lab.space import Spaces

SCHOOL = "9934000001"
SMTP, HTTP = 2525, 8080
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
severity = ["unknown", "degraded", "down"]
"""
"""Of incidents only: in the hours of a working day the county would be reminded of papers too."""
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


class CutCounty:
    """`close` it whatever happens."""

    def __init__(self, spaces: Spaces, folder: Path) -> None:
        self._programs = Programs(folder)
        network = Network(spaces)
        self._line = network.line()
        self._school = network.school(self._line, pcs=0)
        self._bureau = network.bureau
        self._county = County(network, folder, self._programs, "tests.lab.quick_collector")
        self._book = folder / "book.jsonl"

    def cut(self) -> None:
        self._line.cut()

    def mend(self) -> None:
        self._line.mend()

    def found(self) -> None:
        """The school is on the register, its gateway enrolled, and both programs run."""
        school = School(code=SCHOOL, name="示范小学", adcode="340199", classes={"primary": 12})
        self._county.prepare([school], _policies(), "judge_every = 1.0\n")
        channels = self._county.data_dir / "channels.toml"
        channels.write_text(CHANNELS)
        channels.chmod(0o600)
        self.start_collector()
        self._county.enrol(SCHOOL, self._school.gateway)
        self.wait(lambda: self._contact() is State.UP, "the first word of the school")

    def start_collector(self) -> None:
        self._county.start_collector()

    def start_notifier(self) -> None:
        words = ("-m", "tests.lab.notifier", str(self._book), str(SMTP), str(HTTP))
        self._programs.start("notifier", self._bureau.command(sys.executable, *words))

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        self._programs.end(name, how)

    def close(self) -> None:
        self._programs.end_all(signal.SIGKILL)

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        self._programs.wait(happened, what, PATIENCE)

    def told(self) -> list[dict[str, Any]]:
        """All messages that mail server and webhook took, in order."""
        if not self._book.exists():
            return []
        return [json.loads(line) for line in self._book.read_text("utf-8").splitlines()]

    def deliveries(self) -> list[Delivery]:
        register = self._register()
        try:
            return [d for i in register.incidents() for d in register.deliveries(i.id)]
        finally:
            register.close()

    def log(self, name: str) -> str:
        return self._programs.log(name).read_text("utf-8")

    def _contact(self) -> State | None:
        register = self._register()
        try:
            found = [h.state for w, h in register.states().items() if w.threshold == CONTACT.id]
            return found[0] if found else None
        finally:
            register.close()

    def _register(self) -> Register:
        return Register.open(self._county.data_dir / "register.sqlite3")


def _policies() -> dict[str, str]:
    """Those that ship, with shorter times."""
    found = {}
    for path in [*POLICY_FOLDER.glob("threshold-*.toml"), POLICY_FOLDER / "incidents.toml"]:
        text = path.read_text("utf-8")
        for long, short in SHORTER:
            text = text.replace(long, short)
        found[path.name] = text
    return {**found, "schedule.toml": SCHEDULE, "routes.toml": ROUTES}
