from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from probes import default_route
from probes.default_route import default_interface, default_routes, from_ipv4, from_ipv6

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
LAN = "br-lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
PPP = "pppoe-wan\t00000000\t00000000\t0001\t0\t0\t10\t00000000\t0\t0\t0\n"
LTE = "wwan0\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0\n"
REJECTED = "lo\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
ANY6 = "0" * 32
V6_REJECTED = f"{ANY6} 00 {ANY6} 00 {ANY6} ffffffff 00000001 00000000 00200200       lo\n"
V6_WAN = f"{ANY6} 00 {ANY6} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00000003     eth1\n"


def test_lowest_metric_wins() -> None:
    assert from_ipv4(HEAD + LTE + LAN + PPP) == "pppoe-wan"


def test_route_that_rejects_is_no_way_out() -> None:
    assert from_ipv4(HEAD + REJECTED + LAN) is None
    assert from_ipv6(V6_REJECTED) is None
    assert from_ipv6(V6_REJECTED + V6_WAN) == "eth1"


def test_half_written_lines_are_passed_over() -> None:
    assert from_ipv4(HEAD + "eth0\t0000\n") is None
    assert from_ipv4("") is None


def test_ipv6_counts_where_there_is_no_ipv4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("route", HEAD + LAN), ("ipv6_route", V6_WAN)):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(default_route, "IPV4_ROUTES", tmp_path / "route")
    monkeypatch.setattr(default_route, "IPV6_ROUTES", tmp_path / "ipv6_route")
    assert default_interface() == "eth1"


def test_each_route_says_to_which_router_it_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("route", HEAD + LTE + LAN + PPP), ("ipv6_route", V6_REJECTED + V6_WAN)):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(default_route, "IPV4_ROUTES", tmp_path / "route")
    monkeypatch.setattr(default_route, "IPV6_ROUTES", tmp_path / "ipv6_route")
    assert [(r.interface, r.router) for r in default_routes()] == [
        ("pppoe-wan", ""), ("wwan0", "10.0.0.1"), ("eth1", "fe80::1"),
    ]  # fmt: skip


def test_other_systems_are_asked_by_a_socket_that_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of asking agree on this machine, whatever its routes are."""
    by_table = from_ipv4(Path("/proc/net/route").read_text("ascii"))
    monkeypatch.setattr(default_route, "IPV4_ROUTES", tmp_path / "none")
    by_socket = default_interface()
    assert by_socket in {*psutil.net_if_addrs(), None}
    if by_table is not None and _has_ipv4(by_table):
        assert by_socket == by_table


def _has_ipv4(name: str) -> bool:
    return any(a.family is socket.AF_INET for a in psutil.net_if_addrs()[name])
