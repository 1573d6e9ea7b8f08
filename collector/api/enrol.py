"""POST /v1/enrol: how an agent gets its identity. The rules are the register's.

An answer to a refused request tells nothing about why; the audit trail does.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from collector.register.directory import AgentDirectory
from collector.register.enrolment import EnrolLimitedError, EnrolRefusedError
from collector.register.register import Register
from probes.text import Text
from probes.wire import (
    JSON,
    MSGPACK,
    VERSION,
    EnrolReply,
    EnrolRequest,
    Problem,
    WireError,
    decode,
    encode,
)

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024


class EnrolDoor:
    """Decodes, asks the register, answers."""

    def __init__(self, register: Register, directory: AgentDirectory) -> None:
        self._register = register
        self._directory = directory

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/enrol", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        wanted = await _decoded(request)
        if isinstance(wanted, web.Response):
            return wanted
        kind, source = request.content_type, request.remote or ""
        try:
            reply = await asyncio.to_thread(self._enrol, wanted, source)
        except EnrolRefusedError as exc:
            log.warning("enrolment refused from %s: %s", source, exc.reason)
            return problem(401, exc.text, kind)
        except EnrolLimitedError as exc:
            return problem(429, exc.text, kind, retry_after=exc.seconds)
        log.info("agent %s enrolled for school %s as %s", reply.agent, reply.school, reply.role)
        return web.Response(body=encode(reply, kind), content_type=kind)

    def _enrol(self, wanted: EnrolRequest, source: str) -> EnrolReply:
        # Before: keys that were used just now end the repetition of their enrolments.
        # After: the agent will push within a second, and must be known.
        self._directory.refresh()
        reply = self._register.enrol(wanted, source)
        self._directory.refresh()
        return reply


async def _decoded(request: web.Request) -> EnrolRequest | web.Response:
    """What is asked for, or the answer to a request that does not say it."""
    kind = request.content_type
    if kind not in (MSGPACK, JSON) or "Content-Encoding" in request.headers:
        return problem(415, _WRONG_TYPE, JSON)
    body = await _read(request)
    if body is None:
        return problem(413, _TOO_LARGE, kind)
    try:
        wanted = decode(body, EnrolRequest, kind)
    except WireError as exc:
        return problem(400, exc.text, kind)
    return wanted if wanted.v == VERSION else problem(426, _WRONG_VERSION, kind)


async def _read(request: web.Request) -> bytes | None:
    """The body; None if it is larger than any enrolment is."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def problem(status: int, text: Text, kind: str, *, retry_after: int | None = None) -> web.Response:
    """An answer that is not a success, in the reader's own format."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = encode(Problem(error=text.en, error_zh=text.zh), kind)
    return web.Response(status=status, body=body, content_type=kind, headers=headers)


_WRONG_TYPE = Text(
    f"Content-Type 须为 {MSGPACK} 或 {JSON}，且不压缩。",
    f"Content-Type must be {MSGPACK} or {JSON}, without a Content-Encoding.",
)
_TOO_LARGE = Text(
    f"注册请求不会超过 {MAX_BODY_BYTES} 字节。",
    f"An enrolment is never larger than {MAX_BODY_BYTES} bytes.",
)
_WRONG_VERSION = Text(
    f"采集器使用协议第 {VERSION} 版，请安装相应版本的代理程序。",
    f"This collector speaks wire format {VERSION}; install an agent that does too.",
)
