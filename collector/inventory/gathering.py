"""Looks at what was seen, again and again, and books it: a beat of its own beside judging."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import perf_counter

from collector.inventory.book import DeviceBook
from collector.inventory.describe import Describing
from collector.inventory.entry import Entry
from collector.inventory.facts import Key
from collector.inventory.ledger import Ledger
from collector.inventory.model import DeviceKind, SeenFact
from collector.inventory.reading import Reading
from collector.inventory.sighting import NO_PLACE, Places
from collector.register.model import Agent
from collector.store import Store
from config.inventory_file import InventoryPolicy
from probes.catalog import Catalog
from probes.model import Role

log = logging.getLogger(__name__)

SECONDS = 300.0
FIRST_SECONDS = 30.0
"""After a start, when there is much else to do."""
_DAY = timedelta(days=1)
_LEAP = _DAY
"""A clock that leaps ahead must not forget devices: at most so long after the newest reading."""


class Gathering:
    """One a collector. `gather` blocks, and is called by one thread at a time."""

    def __init__(
        self,
        book: DeviceBook,
        store: Store,
        catalog: Catalog,
        policy: InventoryPolicy,
        *,
        agents: Callable[[], Sequence[Agent]],
        places: Callable[[], Places],
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._store = store
        self._catalog = catalog
        self._policy = policy
        self._agents = agents
        self._places = places
        self._now = now
        self._working = threading.Lock()
        self._figures: Mapping[str, object] = {}

    def gather(self) -> int:
        """Book what is new; how many devices changed."""
        with self._working:
            begun = perf_counter()
            agents, places = self._agents(), self._places()
            gateways = {agent.id for agent in agents if agent.role is Role.GATEWAY}
            # Well before a card is given up, so that nothing old speaks for it then.
            news_for = self._policy.claim / 2
            seen = Reading(self._store, self._catalog, places, gateways, news_for).seen()
            ledger = Ledger(self._book.entries(), agents, self._policy)
            ledger.book(seen)
            self._tidy(ledger, agents, places)
            changed = self._book.store(ledger, seen.looks)
            took = perf_counter() - begun
            entries = ledger.entries
            self._figures = {
                "inventory_devices": len(entries),
                "inventory_changed": changed,
                "inventory_left_out": ledger.left_out,
                "inventory_seconds": round(took, 3),
            }
            if ledger.left_out:
                log.warning("inventory: no room for %d more cards", ledger.left_out)
            log.debug("inventory: %d devices, %d changed, %.2f s", len(entries), changed, took)
            return changed

    def settle(self) -> None:
        """Wait for a look that is under way: nobody closes the register under it. Blocks."""
        with self._working:
            return

    def figures(self) -> Mapping[str, object]:
        """For /v1/status; as of the last look."""
        return self._figures

    def _tidy(self, ledger: Ledger, agents: Sequence[Agent], places: Places) -> None:
        """Keep nothing of phones but that they are, and nothing of what is long gone."""
        describing = Describing({agent.id: agent for agent in agents}, places, self._policy)
        entries = ledger.entries
        newest = max((entry.last for entry in entries if entry.last), default=None)
        now = self._now() if newest is None else min(self._now(), newest + _LEAP)
        for entry in entries:
            if entry.agent or entry.declared or entry.last is None:
                continue
            if entry.changed:
                _keep_of_phone(describing, entry, entry.last)
            is_phone = entry.facts.newest(Key.PHONE) is not None
            kept = self._policy.phones if is_phone else self._kept(entry)
            listed = places.get(entry.school, NO_PLACE).named(entry.gear) if entry.gear else None
            if now - entry.last > kept and listed is None:
                ledger.forget(entry)

    def _kept(self, entry: Entry) -> timedelta:
        """What was there for a day only was a visitor's, or nobody's."""
        if entry.first is None or entry.last is None or entry.last - entry.first >= _DAY:
            return self._policy.keep
        return self._policy.visitors


def _keep_of_phone(describing: Describing, entry: Entry, last: datetime) -> None:
    """If it is one: that it is, and on what ground."""
    found = describing.guess(
        entry.school, entry.agent, entry.gear, entry.facts, entry.cards, entry.last
    )
    if found.kind is DeviceKind.PHONE:
        at = last.replace(microsecond=0)
        entry.facts.keep_only(SeenFact(Key.PHONE, found.ground or "kept", "inventory", at))
    else:
        entry.facts.drop(Key.PHONE)
