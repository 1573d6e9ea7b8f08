from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from probes.instruments.name_poisoning import NamePoisoning, Settings
from probes.lan.facts import Protocol
from probes.lan.names import Question, random_name
from probes.model import Probe, Reading
from tests.lab.school_lan import ATTACKER, ATTACKER_MAC, NETWORK, SchoolLan, in_lab, school_lan
from tests.lab.space import Space
from tests.probes.conftest import Measure
from tests.probes.lan.built import dns_answer, nbns_answer

pytestmark = pytest.mark.long
SETTINGS = Settings(networks=(NETWORK,), seconds=1)


@pytest.fixture(scope="module")
def lan() -> Iterator[SchoolLan]:
    with school_lan() as made:
        yield made


@pytest.fixture(scope="module")
def attacker(lan: SchoolLan) -> Space:
    return lan.host("attacker", ATTACKER, ATTACKER_MAC)


def answering(lan: SchoolLan, space: Space, how: str) -> AbstractContextManager[str]:
    words = [sys.executable, "-m", "tests.lab.poisoner", ATTACKER, how]
    return lan.running(space, words, "answering")


def answerers(readings: list[Reading]) -> set[tuple[str, ...]]:
    assert set(readings[-1].labels.values()) == {"all"}
    return {tuple(r.labels.values()) for r in readings[:-1]}


@in_lab
async def test_poisoner_is_seen_in_each_protocol_with_its_mac(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    with answering(lan, attacker, "all"):
        readings = await measure(NamePoisoning(SETTINGS), space=lan.sentinel)
    assert answerers(readings) == {(p, ATTACKER, ATTACKER_MAC) for p in ("llmnr", "mdns", "nbns")}
    assert [v for m, v in readings[-1].values.items()] == [1]
    assert all(reading.target == "lan" for reading in readings)


@in_lab
@pytest.mark.parametrize("how", ["own", "wrong"])
async def test_who_answers_for_its_own_name_or_for_another_question_is_no_poisoner(
    lan: SchoolLan, attacker: Space, measure: Measure, how: str
) -> None:
    with answering(lan, attacker, how):
        readings = await measure(NamePoisoning(SETTINGS), space=lan.sentinel)
    assert answerers(readings) == set()
    assert [v for m, v in readings[-1].values.items()] == [0]


@in_lab
async def test_no_right_is_needed(lan: SchoolLan, attacker: Space) -> None:
    words = (sys.executable, "-m", "probes", "run", "name_poisoning", "--json")
    without = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")
    settings = ("--set", f"networks={NETWORK}", "--set", "seconds=1")
    with answering(lan, attacker, "all"):
        assert ATTACKER_MAC in lan.sentinel.run(*without, *words, *settings)


@pytest.mark.parametrize(
    ("protocol", "data", "is_answer"),
    [
        (Protocol.LLMNR, dns_answer("abcde"), True),
        (Protocol.LLMNR, dns_answer("ABCDE."), True),
        (Protocol.LLMNR, dns_answer("abcde", 8), False),
        (Protocol.LLMNR, dns_answer("other"), False),
        (Protocol.LLMNR, dns_answer("abcde", qr=0), False),
        (Protocol.LLMNR, dns_answer("abcde", records=0), False),
        (Protocol.NBNS, nbns_answer("abcde"), True),
        (Protocol.NBNS, nbns_answer("abcde", 8), False),
        (Protocol.NBNS, b"\x00\x07\x85", False),
        (Protocol.MDNS, b"", False),
    ],
)
def test_only_an_address_for_the_name_that_was_asked_for_is_an_answer(
    protocol: Protocol, data: bytes, is_answer: bool
) -> None:
    assert Question(protocol, 7, "abcde").is_answered_by(data) is is_answer


def test_names_are_different_each_time_and_fit_netbios() -> None:
    names = {random_name() for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) <= 15 and name.isalpha() for name in names)


@in_lab
def test_every_metric_was_seen(
    assert_all_metrics_covered: Callable[[type[Probe[Any]]], None],
) -> None:
    assert_all_metrics_covered(NamePoisoning)
