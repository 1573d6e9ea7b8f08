"""POST /v1/measure and /v1/measure/done: an agent asks for leave to load its line, and gives it
back."""

from __future__ import annotations

import logging
import sqlite3
from math import ceil
from typing import TypeVar

from aiohttp import web

from collector.measure.lending import Lending, RefusedError
from collector.register.directory import AgentDirectory
from collector.register.model import Agent
from probes.measuring.permit import REFUSED
from probes.text import Text
from probes.wire import (
    JSON,
    MSGPACK,
    VERSION,
    MeasureDone,
    MeasureRequest,
    Problem,
    WireError,
    decode,
    encode,
)

log = logging.getLogger(__name__)

MOST_BODY_BYTES = 4096
STATUS = {
    "not_sentinel": 409,
    "no_slot": 503,
    "over_budget": 429,
    "not_now": 409,
    "no_server": 404,
}
"""Of a refusal, by its reason."""
_RETRY_SECONDS = 30

Message = TypeVar("Message", MeasureRequest, MeasureDone)


class AnswerError(Exception):
    """A request that is answered with a Problem."""

    def __init__(
        self, status: int, text: Text, *, reason: str = "", retry: float | None = None
    ) -> None:
        super().__init__(text.en)
        self.status = status
        self.problem = Problem(text.en, text.zh, reason)
        self.retry = retry


class MeasureDoor:
    """Authenticates and decodes; who gets leave is `Lending`'s business."""

    def __init__(self, directory: AgentDirectory, lending: Lending) -> None:
        self._directory = directory
        self._lending = lending

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/measure", self.handle_measure),
            web.post("/v1/measure/done", self.handle_done),
        ]

    async def handle_measure(self, request: web.Request) -> web.Response:
        try:
            agent = self._agent(request)
            wanted = await _decoded(request, MeasureRequest)
            reply = await self._lending.ask(agent, wanted)
        except RefusedError as exc:
            status = STATUS[exc.reason]
            text = REFUSED[exc.reason]
            return _refused(
                request, AnswerError(status, text, reason=exc.reason, retry=exc.seconds)
            )
        except AnswerError as exc:
            return _refused(request, exc)
        except sqlite3.Error as exc:
            return _refused(request, _not_written(exc))
        kind = request.content_type
        return web.Response(body=encode(reply, kind), content_type=kind)

    async def handle_done(self, request: web.Request) -> web.Response:
        try:
            agent = self._agent(request)
            await self._lending.done(agent, await _decoded(request, MeasureDone))
        except AnswerError as exc:
            return _refused(request, exc)
        except sqlite3.Error as exc:
            return _refused(request, _not_written(exc))
        return web.Response(status=204)

    def _agent(self, request: web.Request) -> Agent:
        agent = self._directory.verify(request.headers.get("Authorization", ""))
        if agent is None:
            raise AnswerError(401, _UNKNOWN)
        if agent.revoked:
            raise AnswerError(403, _REVOKED)
        return agent


async def _decoded(request: web.Request, kind: type[Message]) -> Message:
    if request.content_type not in (MSGPACK, JSON) or "Content-Encoding" in request.headers:
        raise AnswerError(415, _WRONG_TYPE)
    body = await request.content.read(MOST_BODY_BYTES + 1)
    while not request.content.at_eof() and len(body) <= MOST_BODY_BYTES:
        body += await request.content.read(MOST_BODY_BYTES + 1 - len(body))
    if len(body) > MOST_BODY_BYTES:
        raise AnswerError(413, _TOO_LARGE)
    try:
        message = decode(body, kind, request.content_type)
    except WireError as exc:
        raise AnswerError(400, exc.text) from exc
    if message.v != VERSION:
        raise AnswerError(426, _WRONG_VERSION)
    return message


def _refused(request: web.Request, error: AnswerError) -> web.Response:
    kind = request.content_type if request.content_type in (MSGPACK, JSON) else JSON
    headers = {} if error.retry is None else {"Retry-After": str(ceil(error.retry))}
    return web.Response(
        status=error.status,
        body=encode(error.problem, kind),
        content_type=kind,
        headers=headers,
    )


def _not_written(exc: sqlite3.Error) -> AnswerError:
    log.error("measure.sqlite3 cannot be written, so nothing is lent: %s", exc)
    return AnswerError(503, _NOT_WRITTEN, retry=_RETRY_SECONDS)


_UNKNOWN = Text(
    "未知的代理程序或密钥错误；请用新的注册串重新注册。",
    "Unknown agent or wrong key; enrol again with a new enrolment string.",
)
_REVOKED = Text("此代理程序已被停用。", "This agent was revoked.")
_WRONG_TYPE = Text(
    f"Content-Type 须为 {MSGPACK} 或 {JSON}，且不压缩。",
    f"Content-Type must be {MSGPACK} or {JSON}, without a Content-Encoding.",
)
_TOO_LARGE = Text(
    f"测速请求不会超过 {MOST_BODY_BYTES} 字节。",
    f"A request to measure is never larger than {MOST_BODY_BYTES} bytes.",
)
_WRONG_VERSION = Text(
    f"采集器使用协议第 {VERSION} 版。", f"This collector speaks wire format {VERSION}."
)
_NOT_WRITTEN = Text(
    "采集器无法记录测速许可，因此不发放；请检查它的磁盘。",
    "The collector cannot write permits down, so it gives none; look at its disk.",
)
