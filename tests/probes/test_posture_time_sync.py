from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probes.instruments import posture_time_sync
from probes.instruments.posture_time_sync import (
    SERVER_CONFIGURED,
    SYNCHRONISED,
    PostureTimeSync,
)
from probes.model import NoSettings, ProbeError, Reading
from probes.timesync import linux, windows
from probes.windows import event_log
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

FakePrograms = Callable[..., None]
TIMESYNCD = "usr/lib/systemd/systemd-timesyncd"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "root"
    monkeypatch.setattr(posture_time_sync, "ROOT", folder)
    monkeypatch.setattr(linux, "synchronised", lambda: True)
    return folder


def write(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


async def readings(measure: Measure) -> list[Reading]:
    return await measure(PostureTimeSync(NoSettings()))


async def test_debian_with_chrony(root: Path, measure: Measure) -> None:
    write(root, "etc/chrony/chrony.conf", "confdir /etc/chrony/conf.d\n")
    write(root, "etc/chrony/sources.d/school.sources", "server ntp.ntsc.ac.cn iburst\n")
    (reading,) = await readings(measure)
    assert reading.values == {SYNCHRONISED: 1, SERVER_CONFIGURED: 1}
    assert reading.labels["source"] == "syscall"


async def test_ubuntu_whose_servers_are_compiled_in_is_asked(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    write(root, TIMESYNCD)
    write(root, "etc/systemd/timesyncd.conf", "[Time]\n#NTP=\n")
    fake_programs("timedatectl", "SystemNTPServers=\nFallbackNTPServers=ntp.ubuntu.com\n")
    (reading,) = await readings(measure)
    assert reading.values[SERVER_CONFIGURED] == 1


async def test_timesyncd_that_does_not_answer_is_unknown(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    write(root, TIMESYNCD)
    fake_programs("timedatectl", errors="Failed to connect to bus\n", code=1)
    known, untold = await readings(measure)
    assert known.values == {SYNCHRONISED: 1}
    assert (untold.reason, untold.values) == ("no_source", {})


async def test_openwrt_never_says_no(
    root: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "synchronised", lambda: False)
    write(root, "etc/openwrt_release")
    write(root, "etc/config/system", "config timeserver 'ntp'\n\tlist server 'ntp.aliyun.com'\n")
    known, untold = await readings(measure)
    assert known.values == {SERVER_CONFIGURED: 1}
    assert untold.reason == "no_source"


async def test_broken_settings_of_openwrt_are_unreadable(root: Path, measure: Measure) -> None:
    write(root, "etc/openwrt_release")
    write(root, "etc/config/system", "config timeserver 'ntp\n")
    assert [r.reason for r in await readings(measure)] == ["unreadable"]


async def test_windows_is_read_from_registry_and_events(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeWindows(monkeypatch)
    fake.have(
        {
            windows.SERVICE: {"Start": 3},
            windows.PARAMETERS: {"Type": "NTP", "NtpServer": "time.windows.com,0x9"},
        }
    )
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(event_log, "newest_numbers", lambda query: [35, 12])
    (reading,) = await readings(measure)
    assert reading.values == {SYNCHRONISED: 1, SERVER_CONFIGURED: 1}

    def unread(query: str) -> list[int]:
        raise OSError(5, "denied")

    monkeypatch.setattr(event_log, "newest_numbers", unread)
    known, untold = await readings(measure)
    assert (known.values, untold.reason) == ({SERVER_CONFIGURED: 1}, "no_source")


async def test_other_systems_say_so(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert [r.reason for r in await readings(measure)] == ["unsupported_system"]


def test_kernel_is_asked_and_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        def adjtimex(self, timex: Any) -> int:
            assert timex._obj.modes == 0
            timex._obj.maxerror = 5000
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Kernel())
    assert linux.synchronised() is True
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    with pytest.raises(ProbeError):
        linux.synchronised()


def test_kernel_of_this_machine_answers() -> None:
    assert linux.synchronised() in (True, False)


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureTimeSync)
