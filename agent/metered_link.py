"""Whether the system says that bytes on its way out cost money. It only asks; it sets nothing."""

from __future__ import annotations

import logging
from pathlib import Path

from agent.clock import Clock
from agent.thrift import Thrift
from probes.model import ProbeError
from probes.programs import find, run

log = logging.getLogger(__name__)

EVERY = 1800.0
"""Seconds from one question to the next; a phone's hotspot is known to be one when it connects."""
PATIENCE = 5.0

_WORDS = {True: "yes", False: "no", None: "not known"}

ROUTES = Path("/proc/net/route")
_UP_AND_DEFAULT = 0x1


async def metered_or_none() -> bool | None:
    """What NetworkManager says of the device with the default route; None if nobody knows."""
    program, device = find("nmcli"), default_device_or_none()
    if program is None or device is None:
        return None
    try:
        said = await run([program, "-g", "GENERAL.METERED", "device", "show", device], PATIENCE)
    except ProbeError:
        return None
    return meaning(said.output) if said.code == 0 else None


def meaning(said: str) -> bool | None:
    """nmcli says yes, no, `yes (guessed)`, `no (guessed)` or unknown."""
    word = said.strip().partition(" ")[0]
    return {"yes": True, "no": False}.get(word)


def default_device_or_none(routes: Path = ROUTES) -> str | None:
    """The device of the IPv4 default route that the kernel prefers."""
    try:
        rows = [line.split() for line in routes.read_text("ascii").splitlines()[1:]]
    except (OSError, UnicodeDecodeError):
        return None
    # Interface, destination, gateway, flags, references, use, metric, mask, ...
    defaults = [
        (int(row[6]), row[0])
        for row in rows
        if len(row) > 7 and row[1] == row[7] == "00000000" and int(row[3], 16) & _UP_AND_DEFAULT
    ]
    return min(defaults, default=(0, None))[1]


class MeteredWatch:
    """Keeps `thrift.metered` true to what the system says."""

    def __init__(self, thrift: Thrift, clock: Clock) -> None:
        self._thrift = thrift
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        metered = await metered_or_none()
        if metered != self._thrift.metered:
            log.info("link is metered: %s", _WORDS[metered])
        self._thrift.metered = metered
