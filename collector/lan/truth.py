"""Where names should lead: what the county says, else what the collector's own resolvers say.

Answers are remembered for a day, because servers of one name are answered in turns; a name that
could not be looked up is not compared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import ip_network

from collector.lan.look import Answers
from collector.lan.site import Network
from config.canary_file import Canaries
from config.lan_file import Lookups

log = logging.getLogger(__name__)

SECONDS = 3.0
"""For one question."""
Resolve = Callable[[str], Iterable[str]]
"""Addresses of a name; none where nothing was learned."""


def resolve(name: str) -> list[str]:
    """By the resolvers of this machine, IPv4 and IPv6."""
    from dns.exception import DNSException
    from dns.resolver import Resolver

    found = []
    for kind in ("A", "AAAA"):
        try:
            answer = Resolver().resolve(name, kind, lifetime=SECONDS, search=False)
        except (DNSException, OSError) as exc:
            log.debug("%s %s: %s", name, kind, type(exc).__name__)
            continue
        found += [str(record) for record in answer]
    return found


class Truth:
    """`look` blocks and is called by one thread; `answers` may be read by any."""

    def __init__(
        self,
        canaries: Canaries,
        lookups: Lookups,
        now: Callable[[], datetime],
        resolve: Resolve = resolve,
    ) -> None:
        self._lookups = lookups
        self._now = now
        self._resolve = resolve
        self._given = {
            known.name: tuple(ip_network(text) for text in known.answers)
            for known in canaries.known
            if known.answers
        }
        self._asked = [known.name for known in canaries.known if not known.answers]
        self._seen: dict[tuple[str, Network], datetime] = {}
        self._nowhere = canaries.domain
        self.answers = Answers(self._given, self._nowhere)

    def look(self) -> None:
        """Look up what nobody gave; without such a name nothing is sent."""
        now = self._now()
        for name in self._asked:
            for address in self._resolve(name):
                self._seen[name, ip_network(address)] = now
        remember = self._lookups.remember
        self._seen = {key: at for key, at in self._seen.items() if now - at < remember}
        found: dict[str, tuple[Network, ...]] = {}
        for name, network in self._seen:
            found[name] = (*found.get(name, ()), network)
        self.answers = Answers({**found, **self._given}, self._nowhere)
