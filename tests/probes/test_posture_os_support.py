from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from probes.instruments import posture_os_support
from probes.instruments.posture_os_support import (
    DATA_AGE,
    SUPPORT_ENDED,
    SUPPORT_LEFT,
    SUPPORTED,
    PostureOsSupport,
    values_of,
)
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from probes.support import windows
from probes.support.table import End, load
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure
from tests.probes.support.test_linux import KYLIN, UOS

DAY = 86_400


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A Linux machine with this os-release."""
    monkeypatch.setattr(posture_os_support, "ROOT", tmp_path)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    (tmp_path / "etc").mkdir()

    def write(text: str) -> None:
        (tmp_path / "etc/os-release").write_text(text)

    return write


async def reading_of(measure: Measure) -> Reading:
    (reading,) = await measure(PostureOsSupport(NoSettings()))
    return reading


async def test_release_past_its_end_is_not_supported(
    runs: Callable[[str], None], measure: Measure
) -> None:
    runs("ID=debian\nVERSION_ID=10\n")
    reading = await reading_of(measure)
    assert (reading.labels["system"], reading.labels["release"]) == ("debian", "10")
    assert (reading.labels["build"], reading.labels["source"]) == ("-", "file")
    assert reading.values[SUPPORTED] == 0
    assert reading.values[SUPPORT_ENDED] > 2 * 365 * DAY
    assert SUPPORT_LEFT not in reading.values


async def test_release_before_its_end_is_supported(
    runs: Callable[[str], None], measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posture_os_support, "load", lambda: {
        release: End(date.max.replace(year=9998), date(2020, 1, 1)) for release in load()
    })  # fmt: skip
    runs("ID=debian\nVERSION_ID=13\n")
    reading = await reading_of(measure)
    assert reading.values[SUPPORTED] == 1
    assert reading.values[DATA_AGE] > 365 * DAY
    assert SUPPORT_ENDED not in reading.values


@pytest.mark.parametrize("text", ["ID=kylin\nVERSION_ID=V10\n", "ID=debian\nVERSION_ID=99\n"])
async def test_release_that_the_table_does_not_know_is_unknown_and_named(
    text: str, runs: Callable[[str], None], measure: Measure
) -> None:
    runs(text)
    reading = await reading_of(measure)
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unknown_release")
    assert reading.values == {}
    assert reading.labels["system"] in text


async def test_clock_before_the_data_says_nothing_of_an_end(
    runs: Callable[[str], None], measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    class At1970(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(1970, 1, 1, tzinfo=tz)

    monkeypatch.setattr(posture_os_support, "datetime", At1970)
    runs("ID=debian\nVERSION_ID=10\n")
    assert (await reading_of(measure)).reason == "wrong_clock"


def test_last_day_of_support_counts_whole() -> None:
    end = End(on=date(2026, 6, 30), checked=date(2026, 1, 1))
    last = values_of(end, datetime(2026, 6, 30, 23, 59, 50, tzinfo=UTC))
    after = values_of(end, datetime(2026, 7, 1, 0, 0, 10, tzinfo=UTC))
    assert (last[SUPPORTED], last[SUPPORT_LEFT]) == (1, 10)
    assert (after[SUPPORTED], after[SUPPORT_ENDED]) == (0, 10)


async def test_windows_is_read_from_its_registry(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = FakeWindows(monkeypatch)
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    kept = {"CurrentBuild": "19045", "UBR": 6456, "EditionID": "CoreCountrySpecific"}
    machine.have({windows.KEY: {**kept, "InstallationType": "Client"}})
    reading = await reading_of(measure)
    assert (reading.labels["release"], reading.labels["build"]) == (
        "10-22h2-home-pro",
        "19045.6456",
    )
    assert reading.labels["source"] == "registry"
    assert reading.values[SUPPORTED] == 0


@pytest.mark.parametrize(
    ("file", "text", "release", "build"),
    [
        ("etc/.kyinfo", KYLIN, "desktop-v10-sp1", "desktop-v10-sp1-general-release-2303"),
        ("etc/os-version", UOS, "desktop-20-1060-professional", "11014.102.100"),
    ],
)
async def test_kylin_and_uos_are_named_and_unknown(
    file: str,
    text: str,
    release: str,
    build: str,
    tmp_path: Path,
    runs: Callable[[str], None],
    measure: Measure,
) -> None:
    runs("ID=kylin\nVERSION_ID=v10\n" if "ky" in file else "ID=uos\nVERSION_ID=20\n")
    (tmp_path / file).write_text(text)
    reading = await reading_of(measure)
    assert (reading.labels["release"], reading.labels["build"]) == (release, build)
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unknown_release")


@pytest.mark.parametrize(("system", "reason"), [("Windows", "no_source"), ("Linux", "no_source"),
                                                ("Darwin", "unsupported_system")])  # fmt: skip
async def test_machine_that_does_not_say_what_it_is_is_not_run(
    system: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posture_os_support, "ROOT", tmp_path)
    monkeypatch.setattr(platform, "system", lambda: system)
    FakeWindows(monkeypatch)
    with pytest.raises(ProbeError) as caught:
        await PostureOsSupport(NoSettings()).measure(LOCAL)
    assert caught.value.reason == reason


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureOsSupport)
