"""The page of a school's devices: how many of which kind, what differs, and every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from collector.access.recording import ROWS
from collector.inventory.compare import GAPS, Difference, Gap, KindCount, counts, differences
from collector.inventory.facts import Key
from collector.inventory.inventory import Inventory, Stock
from collector.inventory.model import Device, DeviceKind, SeenFact, Standing
from collector.inventory.words import FACTS, KINDS, STANDINGS, USES, YES
from collector.register.model import School
from collector.web.access import Access
from collector.web.pages import Pages
from collector.web.school import find
from collector.web.showing import Showing
from probes.catalog import Catalog
from probes.text import Text

LATELY = timedelta(days=7)
MOST_SHOWN = 500
"""Devices of one page; a campus has more, and the command shows those."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the visitor chose to see; empty = all."""

    kind: str = ""
    standing: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The differences of one sort."""

    gap: Gap
    title: Text
    found: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Line:
    """One device, and what was seen of it: (what, value, by which probe)."""

    device: Device
    facts: Sequence[tuple[Text, str, Text, SeenFact]]


@dataclass(frozen=True, slots=True)
class InventoryView:
    """All that the page shows; `left_out`: how many devices are too many for it."""

    school: School
    stock: Stock
    counts: Sequence[KindCount]
    groups: Sequence[Group]
    lines: Sequence[Line]
    left_out: int
    away: int


def inventory_view(
    showing: Showing, inventory: Inventory, school: School, wanted: Wanted
) -> InventoryView:
    """Asks the register; blocks."""
    now = showing.now()
    stock = inventory.stock(school.code)
    found = differences(stock, inventory.policy.missing, now)
    chosen = sorted((d for d in stock.devices if _is_wanted(d, wanted)), key=_order)
    return InventoryView(
        school=school,
        stock=stock,
        counts=list(counts(stock.devices, now - LATELY)),
        groups=_groups(found),
        lines=[Line(d, _facts(d, showing.catalog)) for d in chosen[:MOST_SHOWN]],
        left_out=max(0, len(chosen) - MOST_SHOWN),
        away=sum(d.standing in (Standing.IGNORED, Standing.SCRAPPED) for d in stock.devices),
    )


def _is_wanted(device: Device, wanted: Wanted) -> bool:
    return wanted.kind in ("", device.kind) and wanted.standing in ("", device.standing)


def _order(device: Device) -> tuple[object, ...]:
    """New ones first, then by kind."""
    kinds, standings = list(KINDS), list(STANDINGS)
    return standings.index(device.standing), kinds.index(device.kind), device.room, device.id


def _groups(found: Sequence[Difference]) -> list[Group]:
    """Devices nobody has declared are first in the table anyway."""
    return [
        Group(gap, title, of_gap)
        for gap, title in GAPS.items()
        if gap is not Gap.NEW and (of_gap := [d for d in found if d.gap is gap])
    ]


def _facts(device: Device, catalog: Catalog) -> list[tuple[Text, str, Text, SeenFact]]:
    shown = (Key.ADDRESS, Key.PORT)
    ordered = sorted(device.facts, key=lambda f: (f.key not in shown, f.key, -f.at.timestamp()))
    return [
        (
            FACTS[fact.key],
            "" if fact.key in YES else fact.value,
            catalog[fact.source].title
            if fact.source in catalog
            else Text(fact.source, fact.source),
            fact,
        )
        for fact in ordered
        if fact.key in FACTS
    ]


class InventoryPages(Pages):
    def __init__(self, showing: Showing, access: Access, inventory: Inventory) -> None:
        super().__init__(showing, access)
        self._inventory = inventory

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/schools/{code}/devices", self._guarded(self._devices))]

    async def _devices(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._devices_page, request)

    def _devices_page(self, request: web.Request) -> web.Response:
        school = find(self._showing, request.match_info["code"])
        if school is None:
            raise web.HTTPNotFound
        asked = request.query
        wanted = Wanted(asked.get("kind", ""), asked.get("standing", ""))
        view = inventory_view(self._showing, self._inventory, school, wanted)
        request[ROWS] = len(view.lines)
        given = {
            "view": view,
            "wanted": wanted,
            "kinds": {kind: title for kind, title in KINDS.items() if kind is not DeviceKind.PHONE},
            "standings": STANDINGS,
            "uses": USES,
            "lately": LATELY.days,
        }
        reader = self._reader(request, ZoneInfo(school.time_zone))
        return self._page("devices.html", request, reader, given)
