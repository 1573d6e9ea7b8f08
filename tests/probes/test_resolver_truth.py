"""Against dnsmasq as an honest resolver, and as one that rewrites answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from probes import resolvers
from probes.instruments.resolver_truth import (
    ANSWERS,
    MOST_NAMES,
    ResolverTruth,
    Settings,
)
from probes.metrics import LOOKUP_SECONDS
from probes.model import LOCAL, Outcome, ProbeError, Reading, SettingError, parse_settings
from tests.lab.daemon import free_port
from tests.lab.resolver import dnsmasq
from tests.lab.udp import silence, udp_peer
from tests.probes.conftest import ROOT, Measure

pytestmark = pytest.mark.server("dnsmasq")
HONEST, LIAR = "127.0.0.1", "127.0.0.2"
RECORDS = (
    "--local=/test/",
    "--host-record=platform.test,10.1.2.4",
    "--host-record=platform.test,10.1.2.3",
    *(f"--host-record=crowd.test,10.250.{n}.{n + 100}" for n in range(40)),
)


@pytest.fixture(scope="module")
def servers() -> Iterator[int]:
    """The port of both."""
    port = free_port()
    with (
        dnsmasq(*RECORDS, address=HONEST, port=port),
        dnsmasq("--address=/#/10.6.6.6", address=LIAR, port=port),
    ):
        yield port


@pytest.fixture
def using(monkeypatch: pytest.MonkeyPatch, servers: int) -> Callable[..., None]:
    def use(*addresses: str, port: int = servers) -> None:
        monkeypatch.setattr(resolvers, "in_use", lambda: list(addresses))
        monkeypatch.setattr(resolvers, "PORT", port)

    return use


def probe(*names: str, canary: str = "", timeout: float = 1.0) -> ResolverTruth:
    given = {"names": list(names), "canary": canary, "tries": 1, "timeout": timeout}
    return ResolverTruth(parse_settings(Settings, given, "resolver_truth"))


def of(readings: list[Reading], server: str, name: str) -> Reading:
    (found,) = (r for r in readings if (r.target, r.labels["name"]) == (server, name))
    return found


async def test_answers_of_each_server_are_told_sorted(
    using: Callable[..., None], measure: Measure
) -> None:
    using(HONEST, LIAR)
    readings = await measure(probe("platform.test", canary="test"))
    true = of(readings, HONEST, "platform.test")
    assert (true.labels["answer"], true.values[ANSWERS]) == ("10.1.2.3 10.1.2.4", 2)
    assert 0 < true.values[LOOKUP_SECONDS] < 1
    assert of(readings, LIAR, "platform.test").labels["answer"] == "10.6.6.6"
    assert len(readings) == 4


async def test_random_name_shows_who_rewrites_answers(
    using: Callable[..., None], measure: Measure
) -> None:
    using(HONEST, LIAR)
    readings = await measure(probe(canary="test"))
    honest, liar = of(readings, HONEST, "*.test"), of(readings, LIAR, "*.test")
    assert (honest.labels["answer"], honest.values[ANSWERS]) == ("nxdomain", 0)
    assert (liar.labels["answer"], liar.values[ANSWERS]) == ("10.6.6.6", 1)


async def test_random_name_is_another_each_time(
    using: Callable[..., None], measure: Measure
) -> None:
    asked: set[bytes] = set()

    def note(question: bytes) -> list[bytes]:
        asked.add(question[12:40])
        return []

    async with udp_peer(note) as port:
        using(HONEST, port=port)
        for _ in range(2):
            await measure(probe(canary="test", timeout=0.2))
    assert len(asked) == 2
    assert all(b"\x04test" in question for question in asked)


async def test_name_without_an_address_is_an_answer_too(
    using: Callable[..., None], measure: Measure
) -> None:
    using(HONEST)
    (reading,) = await measure(probe("nobody.test"))
    assert (reading.outcome, reading.labels["answer"]) == (Outcome.OK, "nxdomain")


async def test_long_answer_keeps_whole_addresses_and_the_full_count(
    using: Callable[..., None], measure: Measure
) -> None:
    using(HONEST)
    (reading,) = await measure(probe("crowd.test"))
    words = reading.labels["answer"].split()
    assert reading.values[ANSWERS] == 40
    assert 15 < len(words) < 40
    assert words == sorted(words)
    assert {word.count(".") for word in words} == {3}


async def test_server_that_refuses_or_is_silent_has_failed(
    using: Callable[..., None], measure: Measure
) -> None:
    using(HONEST)
    (reading,) = await measure(probe("elsewhere.example"))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "refused")
    assert ANSWERS not in reading.values
    using(HONEST, port=free_port())
    (reading,) = await measure(probe("a.test"))
    assert reading.reason == "no_service"
    async with udp_peer(silence) as port:
        using(HONEST, port=port)
        (reading,) = await measure(probe("a.test", timeout=0.2))
    assert (reading.reason, reading.values) == ("no_answer", {})


async def test_machine_without_servers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[str]:
        raise ProbeError("no_source")

    monkeypatch.setattr(resolvers, "in_use", none)
    with pytest.raises(ProbeError) as caught:
        await probe("a.test").measure(LOCAL)
    assert caught.value.reason == "no_source"


async def test_without_names_nothing_is_asked() -> None:
    with pytest.raises(ProbeError) as caught:
        await probe().measure(LOCAL)
    assert caught.value.reason == "no_names"


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ["a.test", "a.test"]},
        {"names": [f"n{n}.test" for n in range(MOST_NAMES + 1)]},
        {"names": ["a b.test"]},
        {"names": [5]},
        {"canary": "a..test"},
        {"canary": "x" * 64},
        {"canary": ".".join(["x" * 60] * 4)},
    ],
)
def test_names_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=r"names"):
        parse_settings(Settings, wrong, "resolver_truth")


def test_longest_run_ends_before_the_deadline() -> None:
    many = tuple(f"n{n}.test" for n in range(MOST_NAMES))
    slowest = ResolverTruth(Settings(names=many, canary="test", tries=3, timeout=3))
    assert slowest.longest_seconds() < ResolverTruth.deadline_seconds


def test_agent_never_loads_the_library_for_names() -> None:
    script = (
        "import asyncio, sys\n"
        "from probes import resolvers\n"
        "from probes.instruments.resolver_truth import *\n"
        "from probes.instruments.content_filter import ContentFilter, Settings as Filter\n"
        "from probes.model import LOCAL\n"
        "resolvers.in_use = lambda: ['127.0.0.1']\n"
        "resolvers.PORT = 9\n"
        "asyncio.run(ResolverTruth(Settings(canary='test')).measure(LOCAL))\n"
        "names = ({'category': 'open', 'name': 'a.test'},)\n"
        "asyncio.run(ContentFilter(Filter(names=names)).measure(LOCAL))\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"dns", "http.client"})
    assert "probes.instruments.content_filter" in loaded


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(ResolverTruth)
