"""Which release and edition of Windows this is, from its registry.

ProductName is not asked: it still says Windows 10 on Windows 11. Numbers and EditionID are the
same in every language.
"""

from __future__ import annotations

from collections.abc import Mapping

from probes.model import ProbeError
from probes.support.table import Release

KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
VALUES = ("CurrentBuild", "UBR", "EditionID", "InstallationType")

BUILDS: Mapping[str, str] = {
    "7600": "7", "7601": "7", "9200": "8", "9600": "8.1",
    "10240": "10-1507", "10586": "10-1511", "14393": "10-1607", "15063": "10-1703",
    "16299": "10-1709", "17134": "10-1803", "17763": "10-1809", "18362": "10-1903",
    "18363": "10-1909", "19041": "10-2004", "19042": "10-20h2", "19043": "10-21h1",
    "19044": "10-21h2", "19045": "10-22h2", "22000": "11-21h2", "22621": "11-22h2",
    "22631": "11-23h2", "26100": "11-24h2", "26200": "11-25h2", "26300": "11-26h2",
    "28000": "11-26h1",
}  # fmt: skip
"""Build number -> version."""

_WITHOUT_EDITIONS = ("7", "8", "8.1")
_LTSC = ("EnterpriseS", "EnterpriseSN", "EnterpriseSEval", "EnterpriseSNEval")
_IOT_LTSC = ("IoTEnterpriseS", "IoTEnterpriseSK")


def identify() -> tuple[Release, str] | None:
    """Release and build. None when the registry cannot be read."""
    values = _read()
    return (parse(values), build(values)) if values else None


def parse(values: Mapping[str, str]) -> Release:
    """A build or an edition that this version does not know keeps its own name."""
    build, edition = values.get("CurrentBuild", ""), values.get("EditionID", "")
    if values.get("InstallationType", "Client") != "Client":
        return Release("windows-server", build or "-")
    version = BUILDS.get(build)
    if version is None:
        return Release("windows", f"build-{build or '-'}"[:32])
    if version in _WITHOUT_EDITIONS:
        return Release("windows", version)
    return Release("windows", f"{version}-{_channel(edition)}"[:32])


def _channel(edition: str) -> str:
    if edition in _IOT_LTSC:
        return "iot-ltsc"
    if edition in _LTSC:
        return "ltsc"
    if edition.startswith(("Enterprise", "Education", "IoTEnterprise")):
        return "enterprise"
    if edition.startswith(("Core", "Professional")):
        return "home-pro"
    return edition.lower() or "-"


def build(values: Mapping[str, str]) -> str:
    """The exact state of a release: build and update, such as 19045.6456."""
    numbers = [values.get(name, "") for name in ("CurrentBuild", "UBR")]
    known = [n for n in numbers if n.isascii() and n.isdigit() and len(n) < 12]
    return ".".join(known) if len(known) == len(numbers) else "-"


def _read() -> dict[str, str]:
    """What there is of VALUES; empty elsewhere than on Windows."""
    from probes.windows.system import read_values

    try:
        values = read_values(KEY)
    except (OSError, ProbeError):
        return {}
    return {name: str(values[name]) for name in VALUES if values.get(name) is not None}
