"""POST /v1/export: send what is stored to the engine once more."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from collector.api.guard import Guard, RequestError
from collector.export.export import Export, NoEngineError


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """`since`: the first day, in UTC, as the archive counts days."""

    since: date


class ExportDoor:
    """How far it is, /v1/status says."""

    def __init__(self, export: Export, guard: Guard) -> None:
        self._export = export
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/export", self._guard.taking(Wanted, self._begin))]

    def _begin(self, wanted: Wanted) -> dict[str, Any]:
        try:
            return {"rows": self._export.owe_all(wanted.since)}
        except NoEngineError as exc:
            raise RequestError(exc.text) from exc
