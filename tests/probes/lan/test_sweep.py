from __future__ import annotations

from probes.lan.facts import Claim
from probes.lan.sweep import MOST_ADDRESSES_OF_A_CARD, sort_out
from tests.probes.lan.built import ONE, OTHER, THIRD

PHONE = "da:a1:19:00:00:01"


def test_hosts_come_in_the_order_of_their_addresses() -> None:
    answers = sort_out([Claim("10.0.0.10", ONE), Claim("10.0.0.9", OTHER), Claim("10.0.0.9", ONE)])
    assert answers.hosts == (("10.0.0.9", OTHER), ("10.0.0.9", ONE), ("10.0.0.10", ONE))
    assert answers.cards == {ONE, OTHER}


def test_card_with_several_addresses_is_a_host_up_to_a_point() -> None:
    several = [Claim(f"10.0.0.{n}", ONE) for n in range(1, MOST_ADDRESSES_OF_A_CARD + 1)]
    assert len(sort_out(several).hosts) == MOST_ADDRESSES_OF_A_CARD
    beyond = sort_out([*several, Claim("10.0.0.99", ONE), Claim("10.0.0.1", OTHER)])
    assert beyond.hosts == (("10.0.0.1", OTHER),)
    assert beyond.proxies == {ONE: MOST_ADDRESSES_OF_A_CARD + 1}


def test_made_up_address_is_named_only_when_asked_for_or_in_conflict() -> None:
    answers = sort_out([Claim("10.0.0.1", THIRD), Claim("10.0.0.2", PHONE)])
    assert list(answers.listed(randomised=False)) == [("10.0.0.1", THIRD)]
    assert list(answers.listed(randomised=True)) == [("10.0.0.1", THIRD), ("10.0.0.2", PHONE)]
    disguised = sort_out([Claim("10.0.0.1", THIRD), Claim("10.0.0.1", PHONE)])
    assert ("10.0.0.1", PHONE) in set(disguised.listed(randomised=False))
