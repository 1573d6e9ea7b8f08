"""Whether this machine's way out goes by radio: the collector prefers a wired one to measure."""

from __future__ import annotations

from pathlib import Path

from agent.metered_link import default_device_or_none

INTERFACES = Path("/sys/class/net")


def by_radio_or_none(interfaces: Path = INTERFACES) -> bool | None:
    """None where it cannot be told: no default route, or not Linux."""
    device = default_device_or_none()
    if device is None or not (interfaces / device).exists():
        return None
    return any((interfaces / device / sign).exists() for sign in ("wireless", "phy80211"))
