"""Who may ask what is for administrators, and how each answer goes back.

Every door wants `Authorization: Bearer <admin key>`; every answer that is no success is a Problem.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from collector.access.recording import ROWS
from collector.api.enrol import problem
from collector.store import QueryError
from collector.web.admin_key import AdminKey
from probes.text import BanjunError, Text
from probes.wire import JSON

log = logging.getLogger(__name__)

T = TypeVar("T")
_Handler = Callable[[web.Request], Awaitable[web.Response]]

NOT_YET_SECONDS = 5
"""When to ask again for what a collector has only after a while."""


class NotYetError(BanjunError):
    """The collector has just started, and does not know it yet."""


class RequestError(BanjunError):
    """What is asked for cannot be done, or is not understood."""


class Guard:
    """Makes doors. Each answer is worked out in a thread."""

    def __init__(self, key: AdminKey) -> None:
        self._key = key

    def door(self, answer: Callable[[web.Request], Any]) -> _Handler:
        """A handler that asks; the answer is JSON."""

        async def handle(request: web.Request) -> web.Response:
            if (refusal := await self._refusal(request)) is not None:
                return refusal
            return await _answered(request, lambda: answer(request))

        return handle

    def taking(self, kind: type[T], answer: Callable[[T], Any]) -> _Handler:
        """A handler that does what a JSON body of the Struct `kind` says."""

        async def handle(request: web.Request) -> web.Response:
            if (refusal := await self._refusal(request)) is not None:
                return refusal
            try:
                wanted = msgspec.json.decode(await request.read(), type=kind)
            except msgspec.DecodeError as exc:
                return problem(400, Text(f"请求内容不对：{exc}", f"Not understood: {exc}"), JSON)
            return await _answered(request, lambda: answer(wanted))

        return handle

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """None for who holds the key."""
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer ") and self._key.matches(header.removeprefix("Bearer ")):
            return None
        if header:
            wait = await self._key.refuse(request.remote or "")
            if wait is not None:
                return problem(429, _TOO_OFTEN, JSON, retry_after=ceil(wait.total_seconds()))
        return problem(401, _NO_KEY, JSON)


async def _answered(request: web.Request, answer: Callable[[], Any]) -> web.Response:
    try:
        found = await asyncio.to_thread(answer)
        body = msgspec.json.encode(found)
    except (QueryError, RequestError) as exc:
        return problem(400, exc.text, JSON)
    except NotYetError as exc:
        return problem(503, exc.text, JSON, retry_after=NOT_YET_SECONDS)
    except Exception:
        log.exception("%s failed", request.path)
        return problem(500, _FAULT, JSON)
    if (number := _rows(found)) is not None:
        request[ROWS] = number
    return web.Response(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})


def _rows(answer: Any) -> int | None:
    """How many records an answer shows, for the access log."""
    if isinstance(answer, list):
        return len(answer)
    lists = answer.values() if isinstance(answer, dict) else ()
    counts = [len(one) for one in lists if isinstance(one, list)]
    return sum(counts) if counts else None


_NO_KEY = Text(
    "需要管理密钥：Authorization: Bearer，其后是采集器数据目录中 admin.key 的内容。",
    "The admin key is wanted: Authorization: Bearer and what the file admin.key in the collector's "
    "data directory holds.",
)
_TOO_OFTEN = Text("错误的密钥太多，请稍后再试。", "Too many wrong keys; come again later.")
_FAULT = Text(
    "采集器处理这个请求时出错，原因已写入它的日志。",
    "The collector failed to answer; its log says why.",
)
