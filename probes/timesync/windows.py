"""Time synchronisation of Windows: settings from the registry, success from numbers of events.

`w32tm` speaks the language of the system, so it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from probes.parts import Facts
from probes.windows import event_log
from probes.windows.system import read_values

PARAMETERS = r"SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
POLICY = r"SOFTWARE\Policies\Microsoft\W32Time\Parameters"
SERVICE = r"SYSTEM\CurrentControlSet\Services\W32Time"

_DISABLED = 4
"""Start of a service that is switched off."""

SYNCED, FROM_SOURCE = 35, 37
"""Microsoft-Windows-Time-Service: the clock follows a source; the source gives good time."""
LOST = (29, 36, 47, 50, 129, 130, 131, 134)
"""The same: no source answers, none for long, time thrown away, names that do not resolve."""

_QUERY = (
    "*[System[(Provider[@Name='Microsoft-Windows-Kernel-General'] and EventID=12) or "
    "(Provider[@Name='Microsoft-Windows-Time-Service'] and ("
    + " or ".join(f"EventID={n}" for n in (SYNCED, FROM_SOURCE, *LOST))
    + "))]]"
)


def read() -> Facts:
    settings = {**read_values(PARAMETERS), **read_values(POLICY)}
    configured = server(settings, read_values(SERVICE))
    try:
        synced = from_events(event_log.newest_numbers(_QUERY))
    except OSError:
        synced = None
    values = {"time_synchronised": synced, "time_server_configured": configured}
    return Facts("registry", values, "no_source")


def server(settings: Mapping[str, object], service: Mapping[str, object]) -> bool | None:
    """None for machines that follow their domain: whether they have one, this does not tell."""
    if service.get("Start") == _DISABLED:
        return False
    kind, named = settings.get("Type"), settings.get("NtpServer")
    if not isinstance(kind, str) or not service:
        return None
    if kind.lower() == "nosync":
        return False
    if kind.lower() in ("ntp", "allsync"):
        return any(not name.startswith(",") for name in str(named or "").split())
    return None


def from_events(numbers: Sequence[int]) -> bool | None:
    """`numbers`: newest first. The newest word since the start of the system counts."""
    for number in numbers:
        if number == event_log.STARTED:
            return None
        if number in (SYNCED, FROM_SOURCE):
            return True
        if number in LOST:
            return False
    return None
