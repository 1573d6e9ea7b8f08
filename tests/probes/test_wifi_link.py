from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from probes.instruments import wifi_link
from probes.instruments.wifi_link import (
    ASSOCIATED,
    FREQUENCY_HERTZ,
    RECEIVED_LINK_RATE,
    SENT_LINK_RATE,
    SIGNAL_DBM,
    WifiLink,
)
from probes.model import LOCAL, NoSettings, Outcome, ProbeError
from probes.wifi import Station, parse_link, parse_stations, parse_wireless
from tests.probes.conftest import Measure

FakePrograms = Callable[..., None]

DEV = """phy#0
\tUnnamed/non-netdev interface
\t\twdev 0x2
\t\ttype P2P-device
\tInterface wlan0
\t\tifindex 3
\t\taddr 02:00:00:00:00:01
\t\ttype managed
\t\tchannel 36 (5180 MHz), width: 80 MHz, center1: 5210 MHz
\tInterface ap0
\t\ttype AP
"""
LINK = """Connected to 02:00:00:00:00:aa (on wlan0)
\tSSID: signal: -1 dBm
\tfreq: 5180.0
\tRX: 4185 bytes (30 packets)
\tTX: 2045 bytes (18 packets)
\tsignal: -57 dBm
\trx bitrate: 433.3 MBit/s VHT-MCS 9 80MHz short GI VHT-NSS 1
\ttx bitrate: 390.0 MBit/s VHT-MCS 8 80MHz VHT-NSS 1
"""
WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   53.  -57.  -256        0      0      0      0     12        0
 wlan1: 0000   70   70    0           0      0      0      0      0        0
"""


@pytest.fixture(autouse=True)
def sys_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with eth0 only and no kernel file about wireless."""
    folder = tmp_path / "net"
    (folder / "eth0").mkdir(parents=True)
    monkeypatch.setattr(wifi_link, "INTERFACES", folder)
    monkeypatch.setattr(wifi_link, "WIRELESS", tmp_path / "wireless")
    return folder


def add_radio(folder: Path, name: str, flags: str = "0x1003", carrier: str = "1") -> None:
    (folder / name / "phy80211").mkdir(parents=True)
    (folder / name / "flags").write_text(f"{flags}\n")
    (folder / name / "carrier").write_text(f"{carrier}\n")


async def test_iw_tells_signal_rates_and_frequency(
    sys_net: Path, tmp_path: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    add_radio(sys_net, "wlan0")
    fake_programs("iw")
    (tmp_path / "bin" / "iw").write_text(
        f"#!/bin/sh\ncase $# in 1) /bin/cat <<'E'\n{DEV}E\n;;*) /bin/cat <<'E'\n{LINK}E\n;; esac\n"
    )
    (reading,) = await measure(WifiLink(NoSettings()))
    assert reading.labels == {"interface": "wlan0"}
    assert reading.values == {
        ASSOCIATED: 1,
        SIGNAL_DBM: -57,
        RECEIVED_LINK_RATE: 433.3e6,
        SENT_LINK_RATE: 390e6,
        FREQUENCY_HERTZ: 5.18e9,
    }
    assert "02:00" not in repr(reading)


async def test_machine_without_a_radio_is_not_run(fake_programs: FakePrograms) -> None:
    with pytest.raises(ProbeError) as caught:
        await WifiLink(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "no_wireless"


async def test_radio_without_access_point_is_a_failed_reading(
    sys_net: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    add_radio(sys_net, "wlan0", carrier="0")
    (reading,) = await measure(WifiLink(NoSettings()))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "not_associated")
    assert reading.values == {ASSOCIATED: 0}


async def test_radio_that_is_switched_off_says_nothing_of_the_network(
    sys_net: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    add_radio(sys_net, "wlan0", flags="0x1002")
    (reading,) = await measure(WifiLink(NoSettings()))
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "switched_off")
    assert reading.values == {}


async def test_kernel_files_serve_without_iw(
    sys_net: Path, tmp_path: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    add_radio(sys_net, "wlan0")
    add_radio(sys_net, "wlan1")
    (tmp_path / "wireless").write_text(WIRELESS)
    first, second = await measure(WifiLink(NoSettings()))
    assert first.values == {ASSOCIATED: 1, SIGNAL_DBM: -57}
    assert second.values == {ASSOCIATED: 1}  # a percentage is no power


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    with pytest.raises(ProbeError) as caught:
        await WifiLink(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


def test_access_points_and_nameless_interfaces_are_no_stations() -> None:
    assert parse_stations(DEV) == ["wlan0"]


def test_link_without_a_bitrate_has_none() -> None:
    assert parse_link("Not connected.\n") is None
    assert parse_link("Connected to x (on y)\n\tsignal: -256 dBm\n\trx bitrate: 0.0 MBit/s\n") == (
        Station()
    )


def test_signal_of_a_driver_that_does_not_know_is_absent() -> None:
    assert parse_wireless(WIRELESS) == {"wlan0": -57, "wlan1": None}
    assert parse_wireless("") == {}


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(WifiLink)
