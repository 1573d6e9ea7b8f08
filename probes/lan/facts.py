"""What one frame tells, as values. Labels of readings are made of these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NONE = "-"
"""As a label: the frame does not say."""
LOCALLY_ADMINISTERED = 0x02
_GROUP = 0x01


class Kind(StrEnum):
    """What a row of `lan_watch` is about."""

    ARP = "arp"
    RA = "ra"
    DHCP = "dhcp"
    NAME = "name"
    ALL = "all"


class Protocol(StrEnum):
    """By which a computer asks its neighbours for a name."""

    LLMNR = "llmnr"
    NBNS = "nbns"
    MDNS = "mdns"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Claim:
    """A card says that an address is its own: sender of an ARP, or a neighbour advertisement.

    Attributes:
        gratuitous: told to all, unasked.
        asker: the address to which an answer is given; empty for a question.
    """

    address: str
    mac: str
    gratuitous: bool = False
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Advert:
    """Of an IPv6 router (RFC 4861 section 4.2).

    Attributes:
        prefixes: sorted, with a space between.
        lifetime: seconds for which it is a default router; 0 = it is none, or no longer.
        flags: of managed, other, high and low (its preference), with a space between.
    """

    address: str
    mac: str
    prefixes: str
    lifetime: int
    flags: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a DHCP server sends.

    Attributes:
        kind: the message type of RFC 2132; 2 = offer, 5 = acknowledgement.
        transaction, client: for whom.
    """

    server: str
    mac: str
    router: str
    resolvers: str
    kind: int
    transaction: int
    client: str


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """An answer to a question that was put to all.

    Attributes:
        names: for which it gives an address, in lower case.
    """

    protocol: Protocol
    address: str
    mac: str
    identifier: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that breaks its protocol's rules: it is counted, and nothing in it is believed."""

    mac: str


Fact = Claim | Advert | Offer | NameAnswer | Malformed


def is_randomised(mac: str) -> bool:
    """Whether the address was made up, as phones do, and not given by a maker (IEEE 802)."""
    return bool(int(mac[:2], 16) & LOCALLY_ADMINISTERED)


def is_one_card(mac: str) -> bool:
    """Neither a group nor nobody."""
    return not int(mac[:2], 16) & _GROUP and mac != "00:00:00:00:00:00"
