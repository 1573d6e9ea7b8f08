"""What is true of every stranger's packet, whichever tool wrote the rule that asks.

A stranger opens a new connection from an address that no rule names, to this machine, with a sound
TCP SYN or UDP packet from a high port.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

SOURCE_PORT = 50_000
FLAGS = frozenset({"syn"})
STATE = "new"
PACKET_TYPES = frozenset({"host", "unicast"})
PROTOCOL_NUMBERS = {"6": "tcp", "17": "udp"}

DROPPING_TARGETS = frozenset({"DROP", "REJECT", "TARPIT"})
PASSING_TARGETS = frozenset(
    {
        *("LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "LED", "RATEEST", "IDLETIMER", "SET"),
        *("MARK", "CONNMARK", "SECMARK", "CONNSECMARK", "CLASSIFY", "DSCP", "TOS", "TTL", "HL"),
        *("TCPMSS", "TCPOPTSTRIP", "ECN", "CHECKSUM", "NOTRACK", "CT", "TEE", "HMARK"),
    }
)
"""Targets of iptables after which the packet goes on to the next rule."""


def comes_from(networks: Iterable[str], negated: bool) -> bool:
    """Whether a stranger's address lies in `networks`: only if one of them is everything."""
    return any(_is_everything(network) for network in networks) != negated


def goes_to(networks: Iterable[str], negated: bool) -> bool | None:
    """Whether this machine's own address lies in `networks`; None, as it is not known here."""
    kinds = {_own_address_in(network) for network in networks}
    truth = True if True in kinds else None if None in kinds else False
    return truth if truth is None else truth != negated


def _is_everything(network: str) -> bool:
    return network.endswith("/0")


def _own_address_in(network: str) -> bool | None:
    if _is_everything(network):
        return True
    try:
        first = ip_network(network, strict=False).network_address
    except ValueError:
        return None
    broadcast = first == ip_address("255.255.255.255")
    return False if first.is_multicast or first.is_loopback or broadcast else None


def flags_match(mask: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether of the flags in `mask` exactly those in `wanted` are set."""
    return FLAGS & set(mask) == set(wanted)
