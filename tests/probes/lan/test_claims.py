"""Which addresses are in conflict, and what only looks like it."""

from __future__ import annotations

from probes.lan.claims import NOBODY, Own
from probes.lan.facts import Kind
from probes.lan.frames import read
from probes.lan.heard import Heard
from probes.lan.watch import Row, claims_of, sort_out
from tests.probes.lan import built
from tests.probes.lan.built import ONE, OTHER, THIRD

GATEWAY = "10.0.0.1"


def heard(*frames: bytes) -> Heard:
    found = Heard()
    for frame in frames:
        found.add(frame)
    return found


def told(*frames: bytes, own: Own = NOBODY) -> set[tuple[str, str]]:
    return {(row.address, row.mac) for row in sort_out(heard(*frames).frames, own)}


BOTH = {(GATEWAY, ONE), (GATEWAY, OTHER)}


def test_address_claimed_by_turns_is_in_conflict() -> None:
    mine, his = built.request(GATEWAY, ONE), built.reply(GATEWAY, OTHER)
    rows = sort_out(heard(mine, his, mine, his, his).frames)
    assert rows == [Row(Kind.ARP, GATEWAY, OTHER, 3), Row(Kind.ARP, GATEWAY, ONE, 2)]


def test_attacker_that_begins_after_the_owner_spoke_is_in_conflict() -> None:
    assert told(built.request(GATEWAY, ONE), built.reply(GATEWAY, OTHER)) == BOTH


def test_announcements_by_turns_are_a_conflict() -> None:
    one, other = built.announcement(GATEWAY, ONE), built.announcement(GATEWAY, OTHER)
    assert told(one, other, one) == BOTH


def test_address_that_moves_to_a_stand_by_router_is_none() -> None:
    before = [built.request(GATEWAY, ONE), built.reply(GATEWAY, ONE)]
    after = [built.announcement(GATEWAY, OTHER)] * 5 + [built.request(GATEWAY, OTHER)]
    assert told(*before, *after) == set()


def test_probe_before_an_address_is_taken_is_none() -> None:
    probe = built.arp(1, "0.0.0.0", OTHER, GATEWAY)
    assert told(built.request(GATEWAY, ONE), probe, built.reply(GATEWAY, ONE)) == set()


def test_gratuitous_arp_of_the_owner_is_none() -> None:
    assert told(*[built.announcement(GATEWAY, ONE), built.request(GATEWAY, ONE)] * 2) == set()


def test_several_virtual_routers_for_one_address_are_none() -> None:
    glbp = [built.reply(GATEWAY, f"00:07:b4:00:01:0{n}") for n in (1, 2)]
    assert told(*glbp, *glbp) == set()


def test_other_card_that_claims_a_virtual_routers_address_is_in_conflict() -> None:
    virtual = "00:00:5e:00:01:07"
    frames = [built.announcement(GATEWAY, virtual), built.reply(GATEWAY, OTHER)]
    assert told(*frames, *frames) == {(GATEWAY, virtual), (GATEWAY, OTHER)}


def test_one_claim_of_this_machines_own_address_is_enough() -> None:
    own = Own(THIRD, frozenset({GATEWAY}), frozenset({THIRD, ONE}))
    rows = sort_out(heard(built.announcement(GATEWAY, OTHER)).frames, own)
    assert rows == [Row(Kind.ARP, GATEWAY, THIRD, 0), Row(Kind.ARP, GATEWAY, OTHER, 1)]


def test_second_card_of_this_machine_may_answer_for_it() -> None:
    own = Own(THIRD, frozenset({GATEWAY}), frozenset({THIRD, ONE}))
    assert told(built.reply(GATEWAY, ONE), own=own) == set()


def test_ipv6_address_of_two_cards_is_in_conflict() -> None:
    one, other = built.neighbour("2001:db8::7", ONE), built.neighbour("2001:db8::7", OTHER)
    assert told(one, other, one) == {("2001:db8::7", ONE), ("2001:db8::7", OTHER)}


def test_card_between_two_others_claims_both() -> None:
    frames = [built.reply(GATEWAY, OTHER), built.request("10.0.0.66", OTHER)]
    frames += [built.request("10.0.0.9", ONE)]
    facts = [(read(frame), times) for frame, times in heard(*frames).frames.items()]
    assert claims_of(facts).of_one_card() == {OTHER: [GATEWAY, "10.0.0.66"]}


def test_printer_that_announces_its_own_name_is_not_told() -> None:
    own_name = built.datagram(built.dns_answer("printer.local"), sport=5353)
    assert told(own_name) == set()
    other_name = built.datagram(built.dns_answer("wpad.local"), sport=5353)
    assert told(own_name, other_name) == {("10.0.0.66", OTHER)}


def test_flood_of_one_sort_leaves_room_for_others() -> None:
    flood = [built.request(f"10.{n >> 8}.{n & 255}.1", ONE) for n in range(900)]
    found = heard(*flood, built.advert(), built.dhcp())
    assert found.missed == 400
    assert {row.kind for row in sort_out(found.frames)} == {Kind.RA, Kind.DHCP}
