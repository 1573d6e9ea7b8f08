"""Why this process was told to stop: because the machine goes down, or only the agent.

What cannot be found out counts as the agent only: then nobody takes a machine for switched off
that runs on.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from probes.life import Stopping
from probes.model import ProbeError
from probes.programs import find, run

SYSTEMD = Path("/run/systemd/system")
NO_LOGIN = Path("/run/nologin")
"""Made when a shutdown begins, or up to five minutes before. Only asked where systemd says nothing:
a person may also make it to keep others out."""
PATIENCE = 2.0
"""Seconds that asking systemd may take out of those that are left."""
_SHUTTING_DOWN = 0x2000


async def what_stops() -> Stopping:
    """What is on its way down, now that this process is."""
    if sys.platform == "win32":
        import ctypes

        down = bool(ctypes.windll.user32.GetSystemMetrics(_SHUTTING_DOWN))
    else:
        said = await _system_state()
        down = said == "stopping" if said else await asyncio.to_thread(NO_LOGIN.exists)
    return Stopping.MACHINE if down else Stopping.AGENT


async def _system_state() -> str:
    """In systemd's words; empty where it has nothing to say."""
    systemctl = find("systemctl") if await asyncio.to_thread(SYSTEMD.exists) else None
    if systemctl is None:
        return ""
    try:
        return (await run([systemctl, "is-system-running"], PATIENCE)).output.strip()
    except ProbeError:
        return ""
