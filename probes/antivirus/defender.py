"""What Microsoft Defender says of itself: MSFT_MpComputerStatus, else its keys in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.model import ProbeError
from probes.windows import times, wmi
from probes.windows.system import read_values

NAMESPACE, CLASS = r"root\Microsoft\Windows\Defender", "MSFT_MpComputerStatus"
PROPERTIES = (
    "AMRunningMode", "AMServiceEnabled", "AntivirusEnabled", "RealTimeProtectionEnabled",
    "DefenderSignaturesOutOfDate", "AntivirusSignatureAge", "AntivirusSignatureLastUpdated",
)  # fmt: skip
SIGNATURES = r"SOFTWARE\Microsoft\Windows Defender\Signature Updates"
_NORMAL = "normal"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Defender:
    """None for what it does not say.

    Attributes:
        enabled: whether it protects, and does not stand back (passive) for another product.
        real_time: unknown while it stands back, since that is nothing amiss.
        signatures_at: when its signatures were last brought in, Unix seconds.
        source: wmi or registry.
    """

    enabled: bool | None = None
    real_time: bool | None = None
    signatures_current: bool | None = None
    signatures_at: float | None = None
    source: str = "wmi"


def look(now: float) -> Defender | None:
    """None when neither source answers."""
    try:
        if found := wmi.ask(NAMESPACE, CLASS, PROPERTIES):
            return parse_status(found[0], now)
    except (OSError, ProbeError):
        pass
    try:
        return parse_registry(read_values(SIGNATURES))
    except (OSError, ProbeError):
        return None


def parse_status(status: Mapping[str, object], now: float) -> Defender:
    """Properties of MSFT_MpComputerStatus, as WMI gives them or as JSON of PowerShell."""
    mode = status.get("AMRunningMode")
    stands = mode.strip().lower() == _NORMAL if isinstance(mode, str) and mode.strip() else None
    runs = [_flag(status, "AMServiceEnabled"), _flag(status, "AntivirusEnabled"), stands]
    out_of_date = _flag(status, "DefenderSignaturesOutOfDate")
    return Defender(
        enabled=False if False in runs else None if None in runs else True,
        real_time=None if stands is False else _flag(status, "RealTimeProtectionEnabled"),
        signatures_current=None if out_of_date is None else not out_of_date,
        signatures_at=_signatures_at(status, now),
    )


def parse_registry(values: Mapping[str, object]) -> Defender | None:
    """Only how old its signatures are; whether it protects, no key tells for certain."""
    at = times.from_filetime(values.get("SignaturesLastUpdated"))
    if at is None:
        at = times.from_filetime(values.get("AVSignatureApplied"))
    return None if at is None else Defender(signatures_at=at, source="registry")


def _signatures_at(status: Mapping[str, object], now: float) -> float | None:
    at = times.moment(status.get("AntivirusSignatureLastUpdated"))
    age = times.days(status.get("AntivirusSignatureAge"))
    return now - age * _DAY if at is None and age is not None else at


def _flag(status: Mapping[str, object], name: str) -> bool | None:
    value = status.get(name)
    return value if isinstance(value, bool) else None
