"""All that a browser or an administrator's program can reach, added to the collector's server."""

from __future__ import annotations

from aiohttp import web

from collector.api.admin import AdminDoors
from collector.api.duties import DutyDoors
from collector.api.guard import Guard
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.pages import Pages
from collector.web.showing import Showing


class Site:
    """The admin doors want `key`; `access` says who sees the pages."""

    def __init__(self, showing: Showing, key: AdminKey, access: Access) -> None:
        self.guard = Guard(key)
        self._admin = AdminDoors(showing, self.guard)
        self._duties = DutyDoors(showing, self.guard)
        self._pages = Pages(showing, access)

    def add_to(self, application: web.Application) -> None:
        """Add it after all other routes: its last one answers whatever else is asked for."""
        application.add_routes(self._admin.routes())
        application.add_routes(self._duties.routes())
        application.add_routes(self._pages.routes())
