from __future__ import annotations

import pytest

from agent.allow import EVERYTHING, AllowList
from config.agent_settings import AllowSettings
from probes.wire import Task


def allow(*hosts: str) -> AllowList:
    return AllowList.of(AllowSettings(hosts=hosts))


@pytest.mark.parametrize(
    "host",
    ["", "collector", "system", "localhost", "127.0.0.1", "::1", "10.1.2.3", "192.168.0.1",
     "172.31.0.1", "www.hfjy.edu.cn", "WWW.HFJY.EDU.CN.", "fd00::1"],
)  # fmt: skip
def test_default_permits_the_school_and_the_education_network(host: str) -> None:
    assert AllowList.of(AllowSettings()).permits_host(host)


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "172.32.0.1", "www.example.com", "edu.cn.example.com", "169.254.169.254",
     "2852039166", "0xa9.254.43518", "0xA9FEA9FE", "::ffff:169.254.169.254", "2001:db8::1"],
)  # fmt: skip
def test_default_refuses_the_rest(host: str) -> None:
    assert not AllowList.of(AllowSettings()).permits_host(host)


@pytest.mark.parametrize("rules", [("*",), ("0.0.0.0/0",), ("169.0.0.0/8", "::/0", "*")])
@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "::ffff:169.254.1.1"])
def test_no_broad_rule_opens_link_local(rules: tuple[str, ...], host: str) -> None:
    assert not allow(*rules).permits_host(host)


def test_no_list_forbids_the_machine_to_ask_its_own_resolver() -> None:
    assert allow().permits_host("system")


def test_link_local_is_permitted_where_it_is_listed() -> None:
    assert allow("169.254.0.0/16").permits_host("169.254.169.254")
    assert allow("169.254.1.0/24").permits_host("169.254.1.9")
    assert not allow("169.254.1.0/24").permits_host("169.254.2.9")


def test_star_permits_every_name_and_other_address() -> None:
    assert allow("*").permits_host("www.example.com")
    assert allow("*").permits_host("8.8.8.8")


def test_collector_can_be_taken_from_the_list() -> None:
    assert not allow("10.0.0.0/8").permits_host("collector")


def test_legacy_spelling_is_judged_by_its_address() -> None:
    assert AllowList.of(AllowSettings()).permits_host("0x7f.1")


@pytest.mark.parametrize(
    ("rules", "place", "permitted"),
    [
        (("10.0.0.0/8",), "10.1.1.0/24", True),
        (("10.0.0.0/8",), "10.0.0.0/8", True),
        (("10.1.0.0/16",), "10.0.0.0/8", False),
        (("10.1.0.0/16",), "10.2.0.0/24", False),
        (("10.1.0.0/24", "10.1.1.0/24"), "10.1.0.0/23", False),
        (("fc00::/7",), "fd00:1::/64", True),
        (("10.0.0.0/8",), "fd00:1::/64", False),
        (("10.0.0.0/8",), "10.1.0.2", True),
        (("10.0.0.0/8",), "203.0.113.9", False),
        (("*",), "203.0.113.0/24", True),
        (("*",), "169.254.169.0/24", False),
        (("*", "0.0.0.0/0"), "0.0.0.0/0", False),
        (("169.254.0.0/16",), "169.254.169.0/24", True),
        (("*",), "::ffff:169.254.0.0/112", False),
        (("*",), "10.1.0.7/24", False),
        (("*",), "nonsense/24", False),
    ],
)
def test_network_is_permitted_if_it_lies_within_an_allowed_one(
    rules: tuple[str, ...], place: str, permitted: bool
) -> None:
    assert allow(*rules).permits_all(place) is permitted
    assert allow(*rules).refused([place]) == ("" if permitted else place)


def test_probes_are_judged_by_name() -> None:
    some = AllowList.of(AllowSettings(probes=("icmp_*", "uptime")))
    assert some.permits(Task("icmp_echo", 60, host="10.0.0.1"))
    assert not some.permits(Task("tcp_connect", 60, host="10.0.0.1"))
    assert not some.permits(Task("icmp_echo", 60, host="8.8.8.8"))


def test_person_at_the_machine_may_aim_anywhere() -> None:
    assert EVERYTHING.permits(Task("icmp_echo", 60, host="169.254.169.254"))
    assert EVERYTHING.permits(Task("icmp_echo", 60, host="www.example.com"))
