"""Windows Update: when it last renewed the system, whether a restart is due, whether it may run.

When the system was renewed, the list of its packages says: the newest cumulative update that is
installed, whoever installed it. Windows Update's own date of its last installation does not serve:
new signatures of Defender move it every day.

How many updates wait is not asked: working that out takes minutes of a processor on which somebody
is teaching, and lists that are old know of none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.model import ProbeError
from probes.updates.facts import History
from probes.windows import com, times
from probes.windows.system import read_keys, read_values

_AUTOMATIC_UPDATES = "bfe18e9c-6d87-4450-b37c-e02f0b373803"
_IAUTOMATIC_UPDATES2 = "4a2f5c31-cfd9-410e-b7fb-29a653973a0f"
_RESULTS, _LAST_SEARCH = 14, 7

AUTO_UPDATE = r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update"
SERVICING = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
DETECTED = rf"{AUTO_UPDATE}\Results\Detect"
PACKAGES = rf"{SERVICING}\Packages"
_ROLLUP, _INSTALLED = "package_for_rollupfix~", 0x70
POLICY = r"SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
SERVICE = r"SYSTEM\CurrentControlSet\Services\wuauserv"
_REBOOT_KEYS = ((AUTO_UPDATE, "RebootRequired"), (SERVICING, "RebootPending"))
_AUTOMATIC, _BY_HAND, _DISABLED = 2, 3, 4
"""How a service starts. Windows Update is on its default at 3: it is started when it is due."""
_NEVER_CHECK = 1
"""`AUOptions` of a policy."""

COM, REGISTRY = "com", "registry"


@dataclass(frozen=True, slots=True)
class Rules:
    """None for what is not known.

    Attributes:
        service_disabled: whether the service of Windows Update cannot be started.
        automatic_off: whether a policy forbids automatic updates, or any.
    """

    service_disabled: bool | None
    automatic_off: bool | None


def history() -> History:
    """Raises ProbeError elsewhere than on Windows, or without privilege."""
    names = (name for name in read_keys(PACKAGES) if name.lower().startswith(_ROLLUP))
    packages = (read_values(rf"{PACKAGES}\{name}") for name in names)
    found = [at for package in packages if (at := installed_at(package)) is not None]
    return History(max(found, default=None), None, reboot_required())


def installed_at(package: Mapping[str, object]) -> float | None:
    """When a package was installed; None for one that is not, or that a newer one replaced."""
    if package.get("CurrentState") != _INSTALLED:
        return None
    high, low = package.get("InstallTimeHigh"), package.get("InstallTimeLow")
    halves = [half for half in (high, low) if isinstance(half, int) and 0 <= half < 2**32]
    return times.from_filetime(halves[0] << 32 | halves[1]) if len(halves) == 2 else None


def searched() -> tuple[float | None, str]:
    """When updates were last searched for with success, and where that stands: Windows Update says
    it, and up to Windows 10 1511 the registry. Raises ProbeError without privilege."""
    try:
        with (
            com.apartment(),
            com.made(_AUTOMATIC_UPDATES, _IAUTOMATIC_UPDATES2) as updates,
            updates.child(_RESULTS) as results,
        ):
            at = results.variant(_LAST_SEARCH)
    except (OSError, ProbeError):
        return times.from_utc_text(read_values(DETECTED).get("LastSuccessTime")), REGISTRY
    return (at if isinstance(at, float) else None), COM


def reboot_required() -> bool | None:
    """A key that is there says yes. None when the places of these keys are not there either."""
    found = [_has(place, name) for place, name in _REBOOT_KEYS]
    return True if True in found else False if False in found else None


def _has(place: str, name: str) -> bool | None:
    try:
        keys = [key.lower() for key in read_keys(place)]
        return name.lower() in keys if keys or read_values(place) else None
    except (OSError, ProbeError):
        return None


def rules() -> Rules:
    """Raises ProbeError elsewhere than on Windows, or without privilege."""
    return parse_rules(read_values(SERVICE), read_values(POLICY), read_values(rf"{POLICY}\AU"))


def parse_rules(
    service: Mapping[str, object], policy: Mapping[str, object], automatic: Mapping[str, object]
) -> Rules:
    """From the keys of the service, of the policy and of its part on automatic updates.

    A policy that is not there forbids nothing; a service that is not there is not known.
    """
    start = service.get("Start")
    known = isinstance(start, int) and start in (0, 1, _AUTOMATIC, _BY_HAND, _DISABLED)
    forbids = [
        _is(policy.get("DisableWindowsUpdateAccess"), 1),
        _is(automatic.get("NoAutoUpdate"), 1),
        _is(automatic.get("AUOptions"), _NEVER_CHECK),
    ]
    return Rules(
        service_disabled=start == _DISABLED if known else None,
        automatic_off=True if True in forbids else None if None in forbids else False,
    )


def _is(value: object, wanted: int) -> bool | None:
    """None for a value that is not understood."""
    if value is None:
        return False
    return value == wanted if isinstance(value, int) else None
