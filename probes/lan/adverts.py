"""Which IPv6 routers advertise themselves on the link: one solicitation, and all that answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from probes.lan import frames
from probes.lan.cards import Card, at_each, towards
from probes.lan.facts import Advert, Malformed
from probes.lan.filters import ADVERTS
from probes.lan.heard import Heard
from probes.lan.link import Link

MOST = 32
"""Different advertisements that are listed; a flood invents thousands."""
_LARGE_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Adverts:
    """`malformed`: frames that break RFC 4861, or hide in fragments; nothing in them is believed.
    `missed`: frames of a flood, beyond what is looked at."""

    found: tuple[Advert, ...]
    malformed: int
    missed: int = 0

    @property
    def routers(self) -> int:
        return len({(advert.address, advert.mac) for advert in self.found})


def solicit(question: dict[str, Any]) -> dict[str, Any]:
    """Rows and counts over all cards. Raises ProbeError."""
    looked = at_each(towards(question["networks"]), partial(_on, question["seconds"]))
    rows = {advert: None for each in looked for advert in each.found}
    return {
        "routers": [
            {
                "address": advert.address,
                "mac": advert.mac,
                "prefixes": advert.prefixes,
                "lifetime": str(advert.lifetime),
                "flags": advert.flags,
            }
            for advert in list(rows)[:MOST]
        ],
        "routers_count": sum(each.routers for each in looked),
        "malformed_count": sum(each.malformed for each in looked),
        "missed_count": sum(each.missed for each in looked),
    }


def _on(seconds: float, card: Card) -> Adverts:
    heard = Heard()
    with Link(card.name, ADVERTS, buffer=_LARGE_BUFFER) as link:
        link.hear(frames.ALL_NODES_MAC)
        link.send(frames.router_solicitation(card.mac, str(card.link_local or "::")))
        for frame in link.incoming(monotonic() + seconds):
            heard.add(frame)
        _, lost = link.passed()
    found = sort_out(heard.frames)
    return Adverts(found.found, found.malformed, heard.missed + lost)


def sort_out(heard: Iterable[bytes]) -> Adverts:
    """Pure."""
    facts = [frames.read(frame) for frame in heard]
    found = dict.fromkeys(fact for fact in facts if isinstance(fact, Advert))
    return Adverts(tuple(found), sum(isinstance(fact, Malformed) for fact in facts))
