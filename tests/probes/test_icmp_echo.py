from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from probes.echoes import Echoes
from probes.instruments import icmp_echo
from probes.instruments.icmp_echo import (
    DELAY_VARIATION_SECONDS_MEAN,
    RTT_SECONDS_MAX,
    RTT_SECONDS_MEDIAN,
    RTT_SECONDS_MIN,
    IcmpEcho,
    Settings,
)
from probes.metrics import LOSS_RATIO, REACHABLE
from probes.model import Outcome, ProbeError, Reading, Target
from tests.probes.conftest import Measure

FakePrograms = Callable[..., None]
HOME = Target("home", "127.0.0.1")
REPLY = "64 bytes from 127.0.0.1: icmp_seq={} ttl=64 time={} ms\n"
SUMMARY = "\n{} packets transmitted, {} received, 0% packet loss, time 0ms\n"


@pytest.fixture
def no_icmp_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an ordinary user whose group is not in net.ipv4.ping_group_range."""
    real = socket.socket

    def refuse(family: int, kind: int, protocol: int = 0, *rest: Any) -> socket.socket:
        if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(family, kind, protocol, *rest)

    monkeypatch.setattr(socket, "socket", refuse)


def reading_of(echoes: Echoes) -> Reading:
    return icmp_echo._reading(echoes, "raw")


def test_round_trips_are_summed_up() -> None:
    values = reading_of(Echoes(4, {0: 0.01, 1: 0.03, 3: 0.02})).values
    assert values[LOSS_RATIO] == 0.25
    assert (values[RTT_SECONDS_MIN], values[RTT_SECONDS_MAX]) == (0.01, 0.03)
    assert values[RTT_SECONDS_MEDIAN] == 0.02
    assert values[DELAY_VARIATION_SECONDS_MEAN] == pytest.approx(0.02)  # echoes 0 and 1 only


def test_variation_is_absent_without_two_neighbours() -> None:
    values = reading_of(Echoes(3, {0: 0.01, 2: 0.03})).values
    assert values[RTT_SECONDS_MEDIAN] == pytest.approx(0.02)
    assert DELAY_VARIATION_SECONDS_MEAN not in values


@pytest.mark.parametrize(("unreachable", "reason"), [(False, "no_reply"), (True, "unreachable")])
def test_silent_target_has_failed_and_has_no_times(unreachable: bool, reason: str) -> None:
    reading = reading_of(Echoes(4, {}, unreachable))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


async def test_ping_is_the_last_resort(
    no_icmp_sockets: None, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("ping", REPLY.format(1, 2.5) + REPLY.format(2, 3.5) + SUMMARY.format(2, 2))
    (reading,) = await measure(IcmpEcho(Settings(count=2)), HOME)
    assert reading.labels == {"method": "ping"}
    assert reading.values[RTT_SECONDS_MIN] == 0.0025
    assert reading.values[REACHABLE] == 1


async def test_silence_told_by_ping_is_a_failed_reading(
    no_icmp_sockets: None, fake_programs: FakePrograms, measure: Measure
) -> None:
    output = "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n" + SUMMARY.format(2, 0)
    fake_programs("ping", output, code=1)
    (reading,) = await measure(IcmpEcho(Settings(count=2)), HOME)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "unreachable")


async def test_ping_that_answers_too_late_is_lost(
    no_icmp_sockets: None, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("ping", REPLY.format(1, 900) + SUMMARY.format(1, 1))
    (reading,) = await measure(IcmpEcho(Settings(count=1, timeout=0.5)), HOME)
    assert (reading.outcome, reading.values[LOSS_RATIO]) == (Outcome.FAILED, 1)


async def test_without_any_way_to_send_the_remedy_is_named(
    no_icmp_sockets: None, fake_programs: FakePrograms
) -> None:
    with pytest.raises(ProbeError) as caught:
        await IcmpEcho(Settings()).measure(HOME)
    assert caught.value.reason == "no_icmp"
    assert "net.ipv4.ping_group_range" in caught.value.text.zh


@pytest.mark.parametrize(
    ("errors", "code", "reason"),
    [
        ("ping: socktype: SOCK_RAW\nping: socket: Operation not permitted", 2, "no_icmp"),
        ("ping: permission denied (are you root?)", 1, "no_icmp"),
        ("ping: connect: Network is unreachable", 2, "no_route"),
        ("ping: unknown fault", 2, "unreadable"),
    ],
)
async def test_ping_that_cannot_run_says_nothing_about_the_target(
    no_icmp_sockets: None, fake_programs: FakePrograms, errors: str, code: int, reason: str
) -> None:
    fake_programs("ping", "", errors, code)
    with pytest.raises(ProbeError) as caught:
        await IcmpEcho(Settings(count=1)).measure(HOME)
    assert caught.value.reason == reason


async def test_shortage_of_descriptors_is_not_taken_for_missing_privilege(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(icmp_echo, "require_route", lambda _: None)
    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(ProbeError) as caught:
        await IcmpEcho(Settings()).measure(HOME)
    assert caught.value.reason == "no_socket"


async def test_unresolvable_target_says_nothing_about_it() -> None:
    with pytest.raises(ProbeError) as caught:
        await IcmpEcho(Settings()).measure(Target("x", ""))
    assert caught.value.reason == "unresolved"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a raw socket")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_own_host_answers_over_a_real_socket(host: str, measure: Measure) -> None:
    (reading,) = await measure(IcmpEcho(Settings(count=3, interval=0.1)), Target("home", host))
    assert reading.outcome is Outcome.OK
    assert reading.labels["method"] in ("datagram", "raw")
    assert reading.values[LOSS_RATIO] == 0
    assert 0 < reading.values[RTT_SECONDS_MIN] < 0.1


NEIGHBOURS = """
ip link add near type veth peer name far
unshare -n sleep 30 &
other=$!
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
ip link set far netns $other
far() { nsenter -t $other -n "$@"; }
ip addr add 10.77.0.1/24 dev near; ip link set near up
ip -6 addr add fd77::1/64 dev near nodad
far ip addr add 10.77.0.2/24 dev far; far ip link set far up
far ip -6 addr add fd77::2/64 dev far nodad
ip route add 10.78.0.0/16 via 10.77.0.2
trap 'kill $other' EXIT
"""


@pytest.mark.root
def test_every_way_to_send_reaches_a_neighbour(in_namespace: Callable[[str], str]) -> None:
    output = in_namespace(
        NEIGHBOURS
        + """
        run() { probe icmp_echo "$1" --set count=2 --set interval=0.2 --set timeout=1; }
        run 10.77.0.2; run fd77::2
        sysctl -qw net.ipv4.ping_group_range="0 2147483647"
        run 10.77.0.2; run fd77::2
        """
    )
    readings = [json.loads(line)[0] for line in output.splitlines()]
    assert [r["labels"]["method"] for r in readings] == ["raw", "raw", "datagram", "datagram"]
    assert {r["outcome"] for r in readings} == {"ok"}
    assert {r["values"]["loss_ratio"] for r in readings} == {0.0}


@pytest.mark.root
def test_loss_and_refusal_on_the_way_are_told_apart(in_namespace: Callable[[str], str]) -> None:
    output = in_namespace(
        NEIGHBOURS
        + """
        far sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
        run() { probe icmp_echo "$1" --set count=2 --set interval=0.1 --set timeout=0.3; }
        run 10.78.0.9
        sysctl -qw net.ipv4.ping_group_range="0 2147483647"
        run 10.78.0.9
        far sysctl -qw net.ipv4.icmp_echo_ignore_all=1
        run 10.77.0.2
        run 10.99.0.1
        """
    )
    readings = [json.loads(line)[0] for line in output.splitlines()]
    assert [(r["outcome"], r["reason"]) for r in readings] == [
        ("failed", "unreachable"),
        ("failed", "unreachable"),
        ("failed", "no_reply"),
        ("not_run", "no_route"),
    ]
    assert readings[3]["values"] == {}


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(IcmpEcho)
