"""The inventory as one part of a running collector: its beat and its page.

Its work goes on as long as the application that it was added to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from collector.beat import every
from collector.inventory.book import DeviceBook
from collector.inventory.gathering import FIRST_SECONDS, SECONDS, Gathering
from collector.inventory.inventory import Inventory
from collector.inventory.places import places_of
from collector.inventory.sighting import Places
from collector.lan.site import Sites
from collector.lan.sites import FOLDER, read_lan
from collector.register.register import Register, utc_now
from collector.web.access import Access
from collector.web.inventory import InventoryPages
from collector.web.showing import Showing
from config.inventory_file import load_inventory_policy
from config.policy_folder import policies_of


def inventory_of(register: Register, data_dir: Path) -> Inventory:
    """For commands, whether or not a collector runs. Raises PolicyError."""
    places = places_of(read_lan(data_dir / FOLDER).sites)
    return Inventory(
        DeviceBook(register.database, utc_now),
        load_inventory_policy(policies_of(data_dir)),
        agents=register.agents,
        places=lambda: places,
    )


class InventoryPart:
    """`sites`: what schools' network files say now."""

    def __init__(
        self,
        register: Register,
        data_dir: Path,
        showing: Showing,
        sites: Callable[[], Sites] = dict,
    ) -> None:
        def places() -> Places:
            return places_of(sites())

        book = DeviceBook(register.database, showing.now)
        policy = load_inventory_policy(policies_of(data_dir))
        self.inventory = Inventory(
            book,
            policy,
            agents=register.agents,
            places=places,
            stamp=lambda: (book.looks_stored, register.change_count(), places()),
        )
        self._showing = showing
        self._gathering = Gathering(
            book,
            showing.store,
            showing.catalog,
            policy,
            agents=showing.agents,
            places=places,
            now=showing.now,
        )

    def figures(self) -> Mapping[str, object]:
        """For /v1/status."""
        return self._gathering.figures()

    def add_to(self, application: web.Application, access: Access) -> None:
        """Before the pages, whose last route answers whatever else is asked for."""
        pages = InventoryPages(self._showing, access, self.inventory)
        application.add_routes(pages.routes())
        application.cleanup_ctx.append(self._working)

    async def _working(self, _: web.Application) -> AsyncIterator[None]:
        beat = asyncio.create_task(every(SECONDS, self._gathering.gather, first=FIRST_SECONDS))
        yield
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat
        await asyncio.to_thread(self._gathering.settle)
