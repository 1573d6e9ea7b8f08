"""Programs that run while a test or a demonstration does, each with its log."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
END_SECONDS = 20.0


class EndedError(AssertionError):
    """A program ended that should still run; the text has what it said last."""


class Programs:
    """Started from the root of the repository; `end_all` whatever happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, command: Sequence[str], seconds: float = 60.0) -> str:
        """What it prints; raises EndedError unless it ends well."""
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds
        )
        if done.returncode != 0:
            raise EndedError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name: str, command: Sequence[str], keep: Sequence[int] = ()) -> None:
        """`keep`: file descriptors that it inherits."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=keep,
                start_new_session=True,  # Ctrl-C is for whoever started them
            )

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        program = self._running.pop(name)
        program.send_signal(how)
        program.wait(END_SECONDS)

    def check(self) -> None:
        """Raises EndedError if one has ended by itself."""
        for name, program in self._running.items():
            if program.poll() is not None:
                last = self.log(name).read_text("utf-8", "replace")[-2000:]
                raise EndedError(f"{name} ended ({program.returncode}):\n{last}")

    def wait(self, happened: Callable[[], bool], what: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not happened():
            self.check()
            if time.monotonic() > until:
                raise EndedError(f"after {seconds:g} s still not: {what}")
            time.sleep(0.1)

    def end_all(self, how: signal.Signals = signal.SIGTERM) -> None:
        """The last one first; those that do not listen are killed."""
        for program in reversed(self._running.values()):
            with suppress(ProcessLookupError):
                program.send_signal(how)
        for program in self._running.values():
            try:
                program.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        self._running.clear()

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
