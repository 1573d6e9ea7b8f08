"""A real collector at the bureau of a network, and real agents at its schools.

All of it are the programs that a county runs, enrolled with tokens, over TLS. What they write is
below one folder.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.commands.client import NotRunningError, ask
from collector.register.model import School
from collector.register.register import Register
from config.policy_folder import OWN
from probes.model import Role
from tests.lab.network import BUREAU, Network
from tests.lab.programs import Programs
from tests.lab.space import Space

PORT = 8421
START_SECONDS = 60.0


class County:
    """`prepare` it, `start_collector`, then `enrol` who shall measure."""

    def __init__(
        self, network: Network, folder: Path, programs: Programs, collector: str = "collector"
    ) -> None:
        """`collector`: the module that is run as the collector."""
        self.network = network
        self._module = collector
        self.data_dir = folder / "collector"
        self._folder = folder
        self._programs = programs

    def prepare(
        self, schools: Sequence[School], policies: Mapping[str, str], settings: str = ""
    ) -> None:
        """`policies`: the county's own, text by file name; `settings`: lines of collector.toml."""
        self.tell("init", "--name", BUREAU)
        register = Register.open(self.data_dir / "register.sqlite3")
        register.put_schools(schools, actor="lab")
        register.close()
        own = self.data_dir / OWN
        own.mkdir()
        for name, text in policies.items():
            (own / name).parent.mkdir(exist_ok=True)
            (own / name).write_text(text, "utf-8")
        (self._folder / "collector.toml").write_text(settings, "utf-8")

    def start_collector(self) -> None:
        """Until it listens."""
        serving = self.data_dir / "serving.json"
        serving.unlink(missing_ok=True)
        settings = ("--config", str(self._folder / "collector.toml"))
        where = ("--host", BUREAU, "--port", str(PORT))
        words = ("-m", self._module, "serve", *self._data(), *settings, *where)
        command = self.network.bureau.command(sys.executable, *words)
        self._programs.start("collector", command)
        self._programs.wait(serving.exists, "the collector listens", START_SECONDS)

    def enrol(
        self,
        school: str,
        space: Space,
        role: Role = Role.GATEWAY,
        name: str = "",
        program: Sequence[str] = ("agent",),
    ) -> None:
        """An agent in `space`, from now on; `name` tells several of one school apart. `program`:
        the module that is run as the agent, and its first arguments."""
        agent = f"agent-{school}{name}"
        state = ("--state-dir", str(self._folder / agent))
        string = self.tell("token", "create", school, "--role", role.value).strip()
        python = space.command(sys.executable, "-m", *program)
        self._programs.run([*python, "enrol", string, *state])
        self._programs.start(agent, [*python, "run", *state])

    def ask(self, path: str, **query: str | list[str] | None) -> Any:
        """What the collector's API answers; None before it can. Raises AdminError."""
        try:
            return self.network.bureau.inside(lambda: ask(self.data_dir, path, query))
        except NotRunningError:
            return None

    def open_window(self, port: int = 0) -> str:
        """The address of the pages on this machine's own loopback; any port if that is taken."""
        listening = socket.socket()
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.bind(("127.0.0.1", 0))
        listening.listen()
        with listening:
            words = ("-m", "tests.lab.window", str(listening.fileno()), str(self.data_dir))
            command = self.network.bureau.command(sys.executable, *words)
            self._programs.start("window", command, keep=[listening.fileno()])
            return f"http://127.0.0.1:{listening.getsockname()[1]}/"

    def _data(self) -> tuple[str, ...]:
        return ("--data-dir", str(self.data_dir), "--lang", "zh")

    def tell(self, *words: str) -> str:
        """What the collector's command line answers, in Chinese."""
        command = self.network.bureau.command(sys.executable, "-m", "collector", *words)
        return self._programs.run([*command, *self._data()])
