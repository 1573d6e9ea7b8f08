"""A line for cron, where no service manager can be told."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def line(minutes: int, command: Sequence[str], folder: str = "") -> str:
    """Run `command` every so many minutes, in `folder` if that matters."""
    go = f"cd {shlex.quote(folder)} && " if folder else ""
    # In a crontab a bare % ends the command.
    return f"*/{minutes} * * * * " + (go + shlex.join(command)).replace("%", r"\%")
