"""Records each read of detail over HTTP before its answer goes out.

What cannot be recorded is not shown: the answer is then 503.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from collector.access.book import AccessBook, Read
from collector.access.detail import ROUTES, Detail
from collector.web.admin_key import AdminKey
from probes.text import Text

log = logging.getLogger(__name__)

ROWS = web.RequestKey("banjun_rows", int)
"""Where a door notes how many records it shows."""
SCHOOL = web.RequestKey("banjun_school", str)
"""And the school that it is about, where the address does not say it."""
USER_HEADER = "Banjun-User"
"""Whom a command says it works for (collector.commands.client); believed of who holds the key."""
KEY, OPEN = "key", "open"

_OUTCOMES = {401: "refused", 403: "refused", 404: "not_found"}
_SHOWN_BELOW = 400
_NOT_RECORDED = (401, 421, 429)
"""Nothing was shown; a wrong key is recorded as long as it is answered with 401."""
_NO_RECORD = Text(
    "访问记录写不进登记库，所以不能显示；请检查磁盘空间和采集器日志。",
    "The access log cannot be written, so this is not shown; look at the disk and the log of the "
    "collector.",
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Recording:
    """Give `middleware` to the application."""

    def __init__(self, book: AccessBook, key: AdminKey) -> None:
        self._book = book
        self._key = key

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        detail = ROUTES.get(door_of(request))
        if detail is None:
            return await handler(request)
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            await self._record(request, detail, refusal.status)
            raise
        if await self._record(request, detail, response.status):
            return response
        return web.Response(status=503, text=f"{_NO_RECORD.zh}\n{_NO_RECORD.en}\n")

    async def _record(self, request: web.Request, detail: Detail, status: int) -> bool:
        """False when it could not be."""
        given = _password_or_none(request)
        if status in _NOT_RECORDED and not (status == 401 and given):
            return True
        try:
            await asyncio.to_thread(self._book.add, self._read(request, detail, status, given))
        except Exception:
            log.exception("a read of %s could not be recorded", request.path)
            return False
        return True

    def _read(self, request: web.Request, detail: Detail, status: int, given: str | None) -> Read:
        shown = "shown" if status < _SHOWN_BELOW else "failed"
        return Read(
            who=self._who(request, given),
            address=request.remote or "",
            detail=detail,
            door=door_of(request),
            school=request.get(SCHOOL)
            or request.match_info.get("code")
            or _asked(request, "school"),
            agent=_asked(request, "agent"),
            rows=request.get(ROWS),
            outcome=_OUTCOMES.get(status, shown),
        )

    def _who(self, request: web.Request, given: str | None) -> str:
        if given is None:
            return OPEN
        if not self._key.matches(given):
            return ""
        user = request.headers.get(USER_HEADER, "")
        return f"{KEY} {user}" if user else KEY


def door_of(request: web.Request) -> str:
    """As ROUTES names it."""
    resource = request.match_info.route.resource
    method = "GET" if request.method == hdrs.METH_HEAD else request.method
    return f"{method} {resource.canonical}" if resource is not None else ""


def _asked(request: web.Request, name: str) -> str:
    """`school=…`, or `where=school:…` of a query for one only."""
    plain = request.query.get(name, "")
    given = [w.removeprefix(f"{name}:") for w in request.query.getall("where", [])
             if w.startswith(f"{name}:")]  # fmt: skip
    return plain or (given[0] if len(given) == 1 else "")


def _password_or_none(request: web.Request) -> str | None:
    """What was given as the admin key, in either form; None if nothing was."""
    scheme, _, rest = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if not rest:
        return None
    if scheme.lower() != "basic":
        return rest
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[2].strip()
    except (binascii.Error, ValueError):
        return ""
