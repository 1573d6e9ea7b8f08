"""Against dnsmasq, the name server of many school gateways; and some peers that misbehave."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.message
import dns.rcode
import pytest

from probes.dns_query import decode_answer, encode_question
from probes.instruments.name_lookup import (
    ANSWER_COUNT,
    TTL_SECONDS_MIN,
    NameLookup,
    Settings,
)
from probes.metrics import LOOKUP_SECONDS, REACHABLE
from probes.model import Outcome, ProbeError, Reading, SettingError, Target
from tests.lab.daemon import free_port
from tests.lab.resolver import dnsmasq as dnsmasq_server
from tests.lab.udp import silence, udp_peer
from tests.probes.conftest import Measure

BESIDE = ("--host-record=school.test,10.1.2.3,300", "--cname=www.school.test,school.test,60")
CROWD = [f"--host-record=crowd.test,10.2.{n // 100}.{n % 100 + 1}" for n in range(120)]
SYSTEM = Target("system", "system")
dnsmasq_needed = pytest.mark.server("dnsmasq")


def settings(name: str, record: str = "A", tries: int = 2, timeout: float = 1.0) -> Settings:
    return Settings(name=name, record=record, tries=tries, timeout=timeout)


@pytest.fixture(scope="module")
def dnsmasq() -> Iterator[Target]:
    """It knows *.test and nothing else, and asks nobody: what it does not know it refuses."""
    with dnsmasq_server("--local=/test/", *BESIDE, *CROWD) as port:
        yield Target("dnsmasq", "127.0.0.1", port)


@dnsmasq_needed
async def test_name_server_tells_the_address(dnsmasq: Target, measure: Measure) -> None:
    (reading,) = await measure(NameLookup(settings("school.test")), dnsmasq)
    assert (reading.outcome, reading.labels) == (Outcome.OK, {"method": "server"})
    assert 0 < reading.values.pop(LOOKUP_SECONDS) < 1  # type: ignore[attr-defined]
    assert reading.values == {REACHABLE: 1, ANSWER_COUNT: 1, TTL_SECONDS_MIN: 300}


@dnsmasq_needed
async def test_alias_is_no_address_but_its_time_to_live_counts(
    dnsmasq: Target, measure: Measure
) -> None:
    (reading,) = await measure(NameLookup(settings("www.school.test")), dnsmasq)
    assert (reading.values[ANSWER_COUNT], reading.values[TTL_SECONDS_MIN]) == (1, 60)


@dnsmasq_needed
async def test_answer_too_long_for_udp_is_fetched_over_tcp(
    dnsmasq: Target, measure: Measure
) -> None:
    (reading,) = await measure(NameLookup(settings("crowd.test")), dnsmasq)
    assert reading.values[ANSWER_COUNT] == len(CROWD)


@dnsmasq_needed
@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("nobody.test", "A", "nxdomain"),
        ("school.test", "AAAA", "no_data"),
        ("elsewhere.example", "A", "refused"),
    ],
)
async def test_answer_without_address_is_a_failure_that_took_a_time(
    name: str, record: str, reason: str, dnsmasq: Target, measure: Measure
) -> None:
    (reading,) = await measure(NameLookup(settings(name, record)), dnsmasq)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert reading.values[REACHABLE] == 0
    assert reading.values[LOOKUP_SECONDS] > 0
    assert TTL_SECONDS_MIN not in reading.values


async def ask(measure: Measure, port: int, **changed: float) -> Reading:
    probe = NameLookup(settings("a.test", timeout=0.2, **changed))  # type: ignore[arg-type]
    (reading,) = await measure(probe, Target("x", "127.0.0.1", port))
    return reading


def replying(request: bytes, code: str = "NOERROR", address: str = "") -> bytes:
    question = dns.message.from_wire(request)
    reply = dns.message.make_response(question)
    reply.set_rcode(dns.rcode.from_text(code))
    if address:
        reply.answer.append(dns.rrset.from_text(question.question[0].name, 9, "IN", "A", address))
    return reply.to_wire()


@pytest.mark.parametrize(("code", "reason"), [("SERVFAIL", "servfail"), ("NOTIMP", "other_code")])
async def test_server_says_why_it_could_not(code: str, reason: str, measure: Measure) -> None:
    async with udp_peer(lambda request: [replying(request, code)]) as port:
        reading = await ask(measure, port)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)


async def test_port_that_drops_has_not_answered_and_took_no_known_time(measure: Measure) -> None:
    async with udp_peer(silence) as port:
        reading = await ask(measure, port, tries=1)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_answer")
    assert reading.values == {REACHABLE: 0}


async def test_lost_question_is_asked_again_and_the_wait_counts(measure: Measure) -> None:
    asked: list[bytes] = []

    def second_time(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return [replying(request, address="10.0.0.1")] if len(asked) == 2 else []

    async with udp_peer(second_time) as port:
        reading = await ask(measure, port)
    assert reading.outcome is Outcome.OK
    assert reading.values[LOOKUP_SECONDS] >= 0.2


async def test_closed_port_has_no_service(measure: Measure) -> None:
    reading = await ask(measure, free_port(socket.SOCK_DGRAM))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")


async def test_answer_to_another_question_does_not_count(measure: Measure) -> None:
    def forged(request: bytes) -> Iterable[bytes]:
        other = bytearray(replying(request, address="10.6.6.6"))
        other[0] ^= 0xFF  # the identifier
        return [bytes(other), b"noise", request]

    async with udp_peer(forged) as port:
        reading = await ask(measure, port, tries=1)
    assert reading.reason == "no_answer"


async def test_cut_answer_of_a_server_without_tcp_is_no_answer(measure: Measure) -> None:
    def cut(request: bytes) -> Iterable[bytes]:
        reply = dns.message.from_wire(replying(request))
        reply.flags |= dns.flags.TC
        yield reply.to_wire()

    async with udp_peer(cut) as port:
        reading = await ask(measure, port)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")


def test_each_question_bears_an_identifier_of_its_own() -> None:
    assert len({encode_question("a.test", "A").id for _ in range(20)}) > 1


@pytest.mark.parametrize("data", [b"", b"\0" * 12, b"\xff" * 40, bytes(range(256)) * 3])
def test_noise_is_no_answer(data: bytes) -> None:
    assert decode_answer(data, encode_question("a.test", "A")) is None


async def test_system_resolver_is_told_apart_and_gives_no_time_to_live(measure: Measure) -> None:
    (reading,) = await measure(NameLookup(settings("localhost")), SYSTEM)
    assert (reading.outcome, reading.labels) == (Outcome.OK, {"method": "system"})
    assert reading.values[ANSWER_COUNT] >= 1
    assert TTL_SECONDS_MIN not in reading.values


async def test_system_resolver_that_hangs_has_not_answered(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(0.5))
    (reading,) = await measure(NameLookup(settings("a.test", tries=1, timeout=0.1)), SYSTEM)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_answer")
    assert reading.values == {REACHABLE: 0}


async def test_busy_threads_are_our_wait_and_not_the_resolvers(measure: Measure) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    waiting = asyncio.create_task(asyncio.to_thread(time.sleep, 0.3))
    await asyncio.sleep(0)
    (reading,) = await measure(NameLookup(settings("localhost", timeout=5)), SYSTEM)
    assert waiting.done()
    assert reading.values[LOOKUP_SECONDS] < 0.3


async def test_without_a_name_nothing_is_known() -> None:
    with pytest.raises(ProbeError) as caught:
        await NameLookup(Settings()).measure(SYSTEM)
    assert caught.value.reason == "no_name"


@pytest.mark.parametrize(
    "given", [{"record": "MX"}, {"name": "two words"}, {"name": "a..b"}, {"name": "x" * 64}]
)
def test_setting_that_asks_for_nothing_sensible_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=next(iter(given))):
        Settings(**given)  # type: ignore[arg-type]


DNSMASQ = """
dnsmasq --conf-file=/dev/null --pid-file=$PWD/pid --no-resolv --no-hosts --user=root \
    --local=/test/ --host-record=school.test,10.1.2.3 "$@"
"""
AS_SYSTEM = """
resolve() {
    printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' >resolv.conf
    unshare -m sh -ec 'mount --bind resolv.conf /etc/resolv.conf
        "$PYTHON" -m probes run --json name_lookup system --set "name=$1" || true' - "$1"
}
"""


@pytest.mark.root
@dnsmasq_needed
def test_what_is_seen_in_a_network_of_its_own(in_namespace: Callable[[str], str]) -> None:
    """The system's resolver by a real server; a port that drops; a network without a way."""
    output = in_namespace(
        f"""
        cd "$(mktemp -d)"
        {AS_SYSTEM}
        probe name_lookup 10.66.0.1 --set name=school.test
        {DNSMASQ}
        trap 'kill $(cat pid)' EXIT
        resolve school.test; resolve nobody.test
        probe name_lookup 127.0.0.1 --set name=school.test
        nft add table inet lab
        nft 'add chain inet lab input {{ type filter hook input priority 0; }}'
        nft add rule inet lab input udp dport 53 drop
        probe name_lookup 127.0.0.1 --set name=school.test --set timeout=0.2
        resolve school.test
        nft flush chain inet lab input
        nft add rule inet lab input udp dport 53 reject with icmpx host-unreachable
        probe name_lookup 127.0.0.1 --set name=school.test --set timeout=0.2
        """
    )
    readings = [json.loads(line)[0] for line in output.splitlines()]
    assert [(r["labels"].get("method"), r["outcome"], r["reason"]) for r in readings] == [
        (None, "not_run", "no_route"),
        ("system", "ok", ""),
        ("system", "failed", "nxdomain"),
        ("server", "ok", ""),
        ("server", "failed", "no_answer"),
        ("system", "failed", "resolver_failed"),
        ("server", "failed", "unreachable"),
    ]


@dnsmasq_needed
def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(NameLookup)
