"""Which DHCP servers answer on the link: one DISCOVER, and all offers to it.

The client's address is always the same made-up one, so servers keep one address for it at most. No
offer is ever accepted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import partial
from time import monotonic
from typing import Any

from probes.lan import frames
from probes.lan.cards import Card, at_each, towards
from probes.lan.facts import Offer
from probes.lan.filters import OFFERS
from probes.lan.heard import Heard
from probes.lan.link import Link

CLIENT = "02:62:6a:64:68:63"
"""Locally administered."""
MOST = 32
"""Different offers that are listed."""
_OFFER = 2
_LARGE_BUFFER = 1 << 18


def discover(question: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each different offer, over all cards. Raises ProbeError."""
    found: dict[Offer, float] = {}
    for each in at_each(towards(question["networks"]), partial(_on, question["seconds"])):
        found |= each
    return [
        {
            "server": offer.server,
            "mac": offer.mac,
            "router": offer.router,
            "resolvers": offer.resolvers,
            "offer_seconds": seconds,
        }
        for offer, seconds in list(found.items())[:MOST]
    ]


def _on(seconds: float, card: Card) -> dict[Offer, float]:
    transaction = secrets.randbits(32)
    with Link(card.name, OFFERS, buffer=_LARGE_BUFFER) as link:
        link.hear(CLIENT)  # some servers answer to the client alone, whatever it asks for
        question = frames.dhcp_discover(card.mac, CLIENT, transaction)
        started = monotonic()
        link.send(question)
        heard, found = Heard(), dict[Offer, float]()
        for frame in link.incoming(started + seconds):
            seen = monotonic() - started
            if heard.add(frame):
                for offer in ours([frame], transaction):
                    found.setdefault(offer, seen)
    return found


def ours(heard: Iterable[bytes], transaction: int) -> list[Offer]:
    """Pure: the offers for our client in this transaction."""
    facts = map(frames.read, heard)
    wanted = (_OFFER, transaction, CLIENT)
    return [
        fact
        for fact in facts
        if isinstance(fact, Offer) and (fact.kind, fact.transaction, fact.client) == wanted
    ]
