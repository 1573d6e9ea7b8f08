"""All that a browser or an administrator's program can reach, added to the collector's server."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from collector.api.admin import AdminDoors
from collector.api.guard import Guard
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.pages import Pages
from collector.web.showing import Showing


class Site:
    """`open_pages` and `hosts` are explained at `Access`."""

    def __init__(
        self, showing: Showing, key: AdminKey, *, open_pages: bool, hosts: Iterable[str] = ()
    ) -> None:
        self.guard = Guard(key)
        self._admin = AdminDoors(showing, self.guard)
        self._pages = Pages(showing, Access(key, open_pages=open_pages, hosts=hosts))

    def add_to(self, application: web.Application) -> None:
        """Add it after all other routes: its last one answers whatever else is asked for."""
        application.add_routes(self._admin.routes())
        application.add_routes(self._pages.routes())
