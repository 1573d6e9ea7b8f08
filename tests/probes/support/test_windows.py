from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from probes.support import windows
from probes.support.table import Release, load
from probes.support.windows import BUILDS, identify, parse


@pytest.mark.parametrize(
    ("build", "edition", "name"),
    [
        ("7601", "Professional", "7"),
        ("9600", "Core", "8.1"),
        ("19045", "CoreCountrySpecific", "10-22h2-home-pro"),
        ("19045", "Education", "10-22h2-enterprise"),
        ("19045", "ProfessionalEducation", "10-22h2-home-pro"),
        ("14393", "EnterpriseS", "10-1607-ltsc"),
        ("19044", "IoTEnterpriseS", "10-21h2-iot-ltsc"),
        ("26100", "IoTEnterprise", "11-24h2-enterprise"),
        ("26200", "Professional", "11-25h2-home-pro"),
    ],
)
def test_build_and_edition_find_their_row(build: str, edition: str, name: str) -> None:
    release = parse({"CurrentBuild": build, "EditionID": edition, "InstallationType": "Client"})
    assert release == Release("windows", name)
    assert release in load()


@pytest.mark.parametrize(
    "values",
    [
        {"CurrentBuild": "99999", "EditionID": "Professional"},
        {"CurrentBuild": "26100", "EditionID": "CloudEdition"},
        {"CurrentBuild": "20348", "EditionID": "ServerStandard", "InstallationType": "Server"},
        {"CurrentBuild": "26100"},
        {},
    ],
)
def test_what_is_not_known_is_in_no_row(values: dict[str, str]) -> None:
    assert parse(values) not in load()


def test_every_windows_row_can_be_reached_by_a_build() -> None:
    versions = set(BUILDS.values())
    rows = [release.name for release in load() if release.system == "windows"]
    assert [name for name in rows if not any(name.startswith(v) for v in versions)] == []


def test_registry_is_read_in_its_64_bit_view_and_may_lack_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A feigned winreg: this has not run on Windows."""
    kept = {"CurrentBuild": "19045", "EditionID": "Core"}
    asked: list[tuple[str, int]] = []

    @contextmanager
    def open_key(_: object, path: str, access: int) -> Iterator[None]:
        asked.append((path, access))
        yield

    def query(_: object, name: str) -> tuple[str, int]:
        if name not in kept:
            raise FileNotFoundError(name)
        return kept[name], 1

    feigned = SimpleNamespace(
        HKEY_LOCAL_MACHINE=0, KEY_READ=1, KEY_WOW64_64KEY=256, OpenKey=open_key, QueryValueEx=query
    )
    monkeypatch.setitem(sys.modules, "winreg", feigned)
    monkeypatch.setattr(windows, "sys", SimpleNamespace(platform="win32"))
    assert identify() == Release("windows", "10-22h2-home-pro")
    assert asked == [(windows.KEY, 257)]


def test_elsewhere_there_is_no_registry() -> None:
    if sys.platform != "win32":
        assert identify() is None
