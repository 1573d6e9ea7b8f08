from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import uci
from probes.timesync import linux


@pytest.mark.parametrize(
    ("error", "synced"), [(0, True), (15_999_999, True), (16_000_000, False), (-1, False)]
)
def test_error_that_has_grown_to_its_limit_is_no_synchronisation(error: int, synced: bool) -> None:
    assert linux.is_synchronised(error) is synced


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pool 2.debian.pool.ntp.org iburst\n", True),
        ("  server ntp.ntsc.ac.cn iburst\n", True),
        ("server 127.127.1.0\nfudge 127.127.1.0 stratum 10\n", False),
        ("# server ntp.aliyun.com\n#pool x\n", False),
        ("# 时间服务器\nrefclock PHC /dev/ptp0\n", True),
        ("driftfile /var/lib/chrony/drift\nallow 10.0.0.0/8\n", False),
        ("servers x\n", False),
    ],
)
def test_server_that_is_not_this_machine_is_found(text: str, names: bool) -> None:
    assert linux.names_server(text) is names


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("[Time]\nNTP=ntp.ntsc.ac.cn\n", True),
        ("[Time]\n#NTP=\nFallbackNTP=0.debian.pool.ntp.org\n", True),
        ("[Time]\nNTP=\nFallbackNTP=\n", False),
        ("[Time]\n#NTP=\n#FallbackNTP=ntp.ubuntu.com\n", None),
        ("", None),
    ],
)
def test_settings_of_timesyncd(text: str, answer: bool | None) -> None:
    assert linux.timesyncd_settings([text]) is answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("LinkNTPServers=\nSystemNTPServers=\nFallbackNTPServers=ntp.ubuntu.com\n", True),
        ("SystemNTPServers=\nFallbackNTPServers=\nServerName=\n", False),
        ("没有这种命令\n", None),
        ("", None),
    ],
)
def test_what_timesyncd_says_of_itself(output: str, answer: bool | None) -> None:
    assert linux.told(output) is answer


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ("\tlist server 'ntp.aliyun.com'\n\tlist server 'ntp.ntsc.ac.cn'\n", True),
        ("\toption enabled '0'\n\tlist server 'ntp.aliyun.com'\n", False),
        ("\toption enabled '1'\n", False),
        ("\toption enabled 'maybe'\n\tlist server 'x'\n", None),
    ],
)
def test_time_servers_of_openwrt(options: str, answer: bool | None) -> None:
    text = f"config system\n\toption hostname 'OpenWrt'\n\nconfig timeserver 'ntp'\n{options}"
    assert linux.openwrt_server(uci.sections(text)) is answer


def test_openwrt_without_a_section_of_time_servers_has_none() -> None:
    assert linux.openwrt_server(uci.sections("config system\n")) is False


async def test_no_time_service_at_all_has_no_server(tmp_path: Path) -> None:
    assert await linux._server(tmp_path) is False


@given(st.text())
def test_any_text_is_told_without_a_fault(text: str) -> None:
    if linux.names_server(text):
        assert any(word in text for word in ("server", "pool", "peer", "refclock"))
    assert linux.told(text) in (True, False, None)
    if linux.timesyncd_settings([text]):
        assert "NTP" in text
