"""Whether a firewall stands on Windows: its own, from the registry and the state of its service, or
a product that is registered in its place.

The registry holds for each profile what is set on the machine, and what a policy sets over it.
Which profiles are in use, INetFwPolicy2 says; where it does not, only what all agree on is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from probes.model import ProbeError
from probes.windows import com, security_center
from probes.windows.security_center import Kind, Registered
from probes.windows.software import Processes, expanded, gone, is_there, runs
from probes.windows.system import read_values

SERVICE = "MpsSvc"
_LOCAL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
_DOMAIN, _PRIVATE, _PUBLIC = 1, 2, 4
_PROFILES = {
    _DOMAIN: ("DomainProfile", ("DomainProfile",)),
    _PRIVATE: ("StandardProfile", ("PrivateProfile", "StandardProfile")),
    _PUBLIC: ("PublicProfile", ("PublicProfile",)),
}
"""Key of the local settings, and of the policies that override them (the newer name first)."""
_ALLOW, _BLOCK = 0, 1

_POLICY2 = "e2b3c97f-6ae1-41ac-817a-f6f92166d7dd"
_INET_FW_POLICY2 = "98325047-c671-4174-8d81-defcd3f03186"
_CURRENT_PROFILES = 7


@dataclass(frozen=True, slots=True)
class WindowsFirewall:
    """`enabled`, `blocks`: one for each profile that counts; None = not set, or not understood.

    Attributes:
        blocks: whether inbound connections that no rule names are stopped.
        running: whether the service runs; None when it cannot be asked.
    """

    enabled: tuple[bool | None, ...]
    blocks: tuple[bool | None, ...]
    running: bool | None

    @property
    def stands(self) -> bool | None:
        """True if it stops strangers in every profile that counts, False if it surely stops nobody.

        A profile in which nothing is set is neither on nor off.
        """
        if self.running is False or (
            self.enabled and not any(e is not False for e in self.enabled)
        ):
            return False
        return True if self.running and all(self.enabled) and all(self.blocks) else None


def read(
    service_state: Callable[[str], str | None], in_use: Sequence[int] = tuple(_PROFILES)
) -> WindowsFirewall:
    """Raises ProbeError("no_privilege").

    `service_state` gives a service's state in psutil's words, or None if it cannot be asked.
    """
    profiles = [_profile(*_PROFILES[number]) for number in in_use]
    state = service_state(SERVICE)
    return WindowsFirewall(
        enabled=tuple(_flag(p.get("EnableFirewall")) for p in profiles),
        # Windows blocks unless it is told otherwise.
        blocks=tuple(_blocks(p.get("DefaultInboundAction", _BLOCK)) for p in profiles),
        running=None if state is None else state == "running",
    )


def profiles_in_use() -> tuple[int, ...]:
    """All, if Windows does not say, or while no network is connected."""
    try:
        with com.apartment(), com.made(_POLICY2, _INET_FW_POLICY2) as policy:
            bits = policy.number(_CURRENT_PROFILES)
    except (OSError, ProbeError):
        bits = 0
    return tuple(number for number in _PROFILES if bits & number) or tuple(_PROFILES)


def others() -> tuple[Registered, ...] | None:
    """Products that are registered as a firewall; None when Windows does not say."""
    rows = security_center.registered(Kind.FIREWALL)
    return None if rows is None else tuple(rows)


def stands(
    row: Registered, processes: Processes, look: Callable[[str], bool | None] = is_there
) -> bool | None:
    """Whether a registered product is on: only if it says so and its program is seen to run.

    A row without a program is Windows' own firewall, which the registry tells of.
    """
    programs = [path for path in map(expanded, row.programs) if path]
    running = runs(programs, processes)
    if not programs or row.enabled is False or (running is not True and gone(programs, look)):
        return False
    return True if row.enabled and running else None


def _profile(local: str, policies: tuple[str, ...]) -> dict[str, Any]:
    values = read_values(rf"{_LOCAL}\{local}")
    for name in reversed(policies):
        values |= read_values(rf"{_POLICY}\{name}")
    return values


def _flag(value: object) -> bool | None:
    """0 and 1 are what the settings know."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def _blocks(action: object) -> bool | None:
    return {_ALLOW: False, _BLOCK: True}.get(action) if isinstance(action, int) else None
