from __future__ import annotations

import stat
from pathlib import Path

import pytest

import agent.metered_link
from agent.metered_link import default_device_or_none, meaning, metered_or_none

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
WIFI = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
CABLE = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LAN = "eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("yes\n", True), ("yes (guessed)\n", True), ("no (guessed)\n", False), ("unknown\n", None),
     ("", None)],
)  # fmt: skip
def test_words_of_nmcli(said: str, meant: bool | None) -> None:
    assert meaning(said) is meant


@pytest.mark.parametrize(
    ("rows", "device"),
    [(WIFI + LAN, "wlan0"), (WIFI + CABLE, "eth0"), (LAN, None), ("", None)],
)
def test_device_is_that_of_the_preferred_default_route(
    tmp_path: Path, rows: str, device: str | None
) -> None:
    routes = tmp_path / "route"
    routes.write_text(HEAD + rows)
    assert default_device_or_none(routes) == device


@pytest.mark.parametrize(("script", "metered"), [("echo yes", True), ("exit 8", None)])
async def test_the_system_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, metered: bool | None
) -> None:
    nmcli = tmp_path / "nmcli"
    nmcli.write_text(f'#!/bin/sh\n[ "$5" = wlan0 ] && [ "$LC_ALL" = C ] && {script}\n')
    nmcli.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(agent.metered_link, "default_device_or_none", lambda: "wlan0")
    assert await metered_or_none() is metered


async def test_without_network_manager_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.metered_link, "find", lambda name: None)
    assert await metered_or_none() is None
