"""Whether the firewall of Windows stands, from the registry and the state of its service.

Which profile is in use is not asked: an answer is given only where all profiles agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from probes.windows.system import read_values

SERVICE = "MpsSvc"
_LOCAL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
_PROFILES = (
    ("DomainProfile", ("DomainProfile",)),
    ("StandardProfile", ("PrivateProfile", "StandardProfile")),
    ("PublicProfile", ("PublicProfile",)),
)
"""Key of the local settings, and of the policies that override them (the newer name first)."""
_BLOCK = 1


@dataclass(frozen=True, slots=True)
class WindowsFirewall:
    """`enabled`, `blocks`: one for each of the three profiles; None = not set.

    Attributes:
        blocks: whether inbound connections that no rule names are stopped.
        running: whether the service runs; None when it cannot be asked.
    """

    enabled: tuple[bool | None, ...]
    blocks: tuple[bool, ...]
    running: bool | None

    @property
    def stands(self) -> bool | None:
        """True if it stops strangers in every profile; else None, not False.

        Products that take the place of this firewall switch it off, and are not seen here.
        """
        return True if self.running and all(self.enabled) and all(self.blocks) else None


def read(service_state: Callable[[str], str | None]) -> WindowsFirewall:
    """Raises ProbeError("no_privilege").

    `service_state` gives a service's state in psutil's words, or None if it cannot be asked.
    """
    profiles = [_profile(local, policies) for local, policies in _PROFILES]
    state = service_state(SERVICE)
    return WindowsFirewall(
        enabled=tuple(_flag(p.get("EnableFirewall")) for p in profiles),
        # Windows blocks unless it is told otherwise.
        blocks=tuple(p.get("DefaultInboundAction", _BLOCK) == _BLOCK for p in profiles),
        running=None if state is None else state == "running",
    )


def _profile(local: str, policies: tuple[str, ...]) -> dict[str, Any]:
    values = read_values(rf"{_LOCAL}\{local}")
    for name in reversed(policies):
        values |= read_values(rf"{_POLICY}\{name}")
    return values


def _flag(value: object) -> bool | None:
    return bool(value) if isinstance(value, int) else None
