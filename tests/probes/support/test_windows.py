from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.support.table import Release, load
from probes.support.windows import BUILDS, KEY, VALUES, build, identify, parse
from tests.fakes.windows import FakeWindows


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


def test_registry_may_lack_values(windows: FakeWindows) -> None:
    windows.have({KEY: {"CurrentBuild": "19045", "EditionID": "Core"}})
    assert identify() == (Release("windows", "10-22h2-home-pro"), "-")
    windows.registry.denied.add(KEY.lower())
    assert identify() is None


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"CurrentBuild": "26100", "UBR": "4349"}, "26100.4349"),
        ({"CurrentBuild": "26100"}, "-"),
        ({"UBR": "4349"}, "-"),
        ({"CurrentBuild": "26100", "UBR": "-1"}, "-"),
        ({"CurrentBuild": "²", "UBR": "4349"}, "-"),
    ],
)
def test_build_is_named_only_as_a_whole(values: dict[str, str], named: str) -> None:
    assert build(values) == named


@given(st.dictionaries(st.sampled_from(VALUES), st.text()))
def test_no_registry_raises(values: dict[str, str]) -> None:
    assert parse(values).name
    assert build(values)


def test_elsewhere_there_is_no_registry() -> None:
    if sys.platform != "win32":
        assert identify() is None
