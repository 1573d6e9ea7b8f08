"""The devices of a school as the judge, detectors and pages ask for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.inventory.book import DeviceBook, Looked
from collector.inventory.describe import Describing
from collector.inventory.model import Device, DeviceKind
from collector.inventory.sighting import Places
from collector.register.model import Agent
from config.inventory_file import InventoryPolicy

TOGETHER = timedelta(days=1)
"""What was swept within that time of the newest sweep is added up."""


@dataclass(frozen=True, slots=True)
class Phones:
    """Only ever a number.

    Attributes:
        known: devices that count as phones, seen within the time that they are kept.
        randomised: addresses that machines made up, at the newest look; None = nobody looked.
        at: of that look.
    """

    known: int
    randomised: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """All that is known of a school's devices.

    Attributes:
        devices: as `Inventory.of`.
        shared: cards that several agents claim, such as docks.
        looks: networks that were swept, and since when; that named "" is what tables of switches
            and routers showed.
    """

    school: str
    devices: tuple[Device, ...]
    shared: int
    phones: Phones
    looks: tuple[Looked, ...]


class Inventory:
    """Any thread may ask.

    Args:
        stamp: changes whenever an answer may; the answers for all schools are then worked out
            together, once. None works out each answer anew.
    """

    def __init__(
        self,
        book: DeviceBook,
        policy: InventoryPolicy,
        *,
        agents: Callable[[], Sequence[Agent]],
        places: Callable[[], Places],
        stamp: Callable[[], object] | None = None,
    ) -> None:
        self._book = book
        self._policy = policy
        self._agents = agents
        self._places = places
        self._stamp = stamp
        self._held: tuple[object, Mapping[str, Stock]] | None = None
        self._working = threading.Lock()

    @property
    def policy(self) -> InventoryPolicy:
        return self._policy

    def of(self, school: str) -> Sequence[Device]:
        """Every device that is known there, whether seen or only declared, in order of id.

        Scrapped and ignored ones are among them: look at `standing`. Phones are not: nobody lists
        them; `stock` counts them.
        """
        return self.stock(school).devices

    def stock(self, school: str) -> Stock:
        if self._stamp is None:
            return next(iter(self._stocks(school)), _nothing(school))
        return self._all(self._stamp()).get(school, _nothing(school))

    def stocks(self) -> Sequence[Stock]:
        """Of all schools where anything is known, by code."""
        if self._stamp is None:
            return self._stocks(None)
        return list(self._all(self._stamp()).values())

    def by_school(self) -> Mapping[str, Sequence[Device]]:
        """As `of`, for all schools where anything is known."""
        return {stock.school: stock.devices for stock in self.stocks()}

    def _all(self, stamp: object) -> Mapping[str, Stock]:
        with self._working:
            if self._held is None or self._held[0] != stamp:
                self._held = stamp, {stock.school: stock for stock in self._stocks(None)}
            return self._held[1]

    def to_match(self) -> list[Device]:
        """All devices of all schools, phones too: to find the one that a person means. What is
        shown comes from the others."""
        describing = self._describing()
        return [describing.device(measured) for measured, _ in self._book.devices()]

    def _describing(self) -> Describing:
        agents = {agent.id: agent for agent in self._agents() if not agent.revoked}
        return Describing(agents, self._places(), self._policy)

    def _stocks(self, school: str | None) -> list[Stock]:
        describing = self._describing()
        devices: dict[str, list[Device]] = {}
        shared: dict[str, set[str]] = {}
        for measured, claimed_twice in self._book.devices(school):
            devices.setdefault(measured.school, []).append(describing.device(measured))
            shared.setdefault(measured.school, set()).update(claimed_twice)
        looks: dict[str, list[Looked]] = {}
        for look in self._book.looks(school):
            looks.setdefault(look.school, []).append(look)
        return [
            _stock(code, devices.get(code, []), shared.get(code, set()), looks.get(code, []))
            for code in sorted({*devices, *looks})
        ]


def _nothing(school: str) -> Stock:
    return Stock(school=school, devices=(), shared=0, phones=Phones(0), looks=())


def _stock(
    school: str, devices: Sequence[Device], shared: set[str], looks: Sequence[Looked]
) -> Stock:
    phones = sum(1 for device in devices if device.kind is DeviceKind.PHONE)
    return Stock(
        school=school,
        devices=tuple(device for device in devices if device.kind is not DeviceKind.PHONE),
        shared=len(shared),
        phones=_phones(phones, looks),
        looks=tuple(looks),
    )


def _phones(known: int, looks: Sequence[Looked]) -> Phones:
    """Sweeps are better than tables, which show only what talks through a switch that is asked."""
    counted = [look for look in looks if look.randomised is not None]
    chosen = [look for look in counted if look.network] or counted
    if not chosen:
        return Phones(known)
    newest = max(look.last for look in chosen)
    lately = [look for look in chosen if look.last >= newest - TOGETHER]
    return Phones(known, sum(look.randomised or 0 for look in lately), newest)
