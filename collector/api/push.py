"""POST /v1/push: the one door through which readings come in."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Protocol

from aiohttp import web

from collector.fleet.leasing import Leases
from collector.ingest.inflate import NotGzipError, TooLargeError, inflate
from collector.ingest.receive import Ingest
from collector.register.model import Agent
from collector.store.commit import NotCommittedError
from probes.text import Text
from probes.wire import (
    JSON,
    MAX_REQUEST_BYTES,
    MSGPACK,
    VERSION,
    Ack,
    Problem,
    Push,
    PushReply,
    WireError,
    decode,
    encode,
)

log = logging.getLogger(__name__)

PUSH_PATH = "/v1/push"
INFLATE_INLINE_BYTES = 64 * 1024
"""Above, inflating would hold up the other agents; it goes to a thread."""
BUSY_SECONDS = 15


class Directory(Protocol):
    """Who an Authorization header stands for; None for an unknown agent or a wrong key."""

    def verify(self, header: str) -> Agent | None: ...


REFUSALS = {
    "unknown_agent": 401,
    "revoked": 403,
    "wrong_school": 403,
    "malformed": 400,
    "too_large": 413,
    "wrong_type": 415,
    "wrong_encoding": 415,
    "wrong_version": 426,
    "busy": 503,
    "not_committed": 503,
    "disk_full": 507,
}
"""Why a push is refused, and with which status."""
UNANSWERED = "unanswered"
"""Beside REFUSALS: the agent broke off, or we failed; the log says which."""


class RefusalError(Exception):
    """An answer other than 200, with its words; `reason` is one of REFUSALS."""

    def __init__(self, reason: str, text: Text, retry_after: int | None = None) -> None:
        super().__init__(text.en)
        self.reason = reason
        self.status = REFUSALS[reason]
        self.text = text
        self.retry_after = retry_after


class PushTally:
    """What pushes were answered since the start. Lives in the event loop's thread."""

    def __init__(self) -> None:
        self.accepted = 0
        self.refused = dict.fromkeys((*REFUSALS, UNANSWERED), 0)
        self.batches = {"stored": 0, "duplicate": 0, "rejected": 0}

    def accept(self, acks: Sequence[Ack]) -> None:
        self.accepted += 1
        for ack in acks:
            self.batches[ack.result] += 1


async def _no_leases(agent: Agent, push: Push) -> Leases:
    return {}


class PushDoor:
    """Authenticates, decodes and answers; what a push means is `Ingest`'s business.

    `note` is told each agent's state as it comes in; `config` gives the revision that the agent
    should have, `leases` what it holds from now on.
    """

    def __init__(
        self,
        ingest: Ingest,
        directory: Directory,
        config: Callable[[Agent], str],
        note: Callable[[Agent, Push, int], None],
        now: Callable[[], int],
        generation: str,
        busy: Callable[[], bool],
        leases: Callable[[Agent, Push], Awaitable[Leases]] = _no_leases,
    ) -> None:
        self._ingest = ingest
        self._directory = directory
        self._config = config
        self._note = note
        self._now = now
        self._generation = generation
        self._busy = busy
        self._leases = leases
        self.tally = PushTally()
        # Never seen before and never seen again, across restarts too; a secret it need not be.
        self._nonces = count(secrets.randbits(63))

    async def handle(self, request: web.Request) -> web.Response:
        kind = request.headers.get("Content-Type", "")
        try:
            return await self._handle(request, kind)
        except RefusalError as refusal:
            self.tally.refused[refusal.reason] += 1
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
            body = encode(Problem(refusal.text.en, refusal.text.zh), _answer_type(kind))
            return web.Response(
                status=refusal.status, body=body, content_type=_answer_type(kind), headers=headers
            )
        except Exception:
            self.tally.refused[UNANSWERED] += 1
            raise

    async def _handle(self, request: web.Request, kind: str) -> web.Response:
        agent = self._directory.verify(request.headers.get("Authorization", ""))
        if agent is None:
            raise RefusalError("unknown_agent", _UNKNOWN_AGENT)
        if agent.revoked:
            raise RefusalError("revoked", _REVOKED)
        if self._busy():
            raise RefusalError("busy", _BUSY, BUSY_SECONDS)
        arrived = self._now()  # before the body: on a slow line that takes its time
        push = await self._decoded(request, kind)
        if push.school != agent.school:
            raise RefusalError("wrong_school", _WRONG_SCHOOL)
        try:
            acks = await self._ingest.receive(push, agent, arrived)
        except NotCommittedError as exc:
            raise _not_stored(exc) from exc
        now = self._now()
        self._note(agent, push, now)
        self.tally.accept(acks)
        reply = PushReply(
            v=VERSION,
            now=now,
            nonce=f"{next(self._nonces):016x}",
            generation=self._generation,
            config=self._config(agent),
            acks=acks,
            gaps=[gap.id for gap in push.gaps if gap.id],
            leases=await self._leases(agent, push),
        )
        return web.Response(body=encode(reply, kind), content_type=kind)

    async def _decoded(self, request: web.Request, kind: str) -> Push:
        if kind not in (MSGPACK, JSON):
            raise RefusalError("wrong_type", _WRONG_TYPE)
        try:
            data = await _body(request)
            encoding = request.headers.get("Content-Encoding")
            if encoding is not None:
                data = await _inflated(data, encoding)
            push = decode(data, Push, kind)
        except web.HTTPRequestEntityTooLarge as exc:
            raise RefusalError("too_large", _TOO_LARGE) from exc
        except TooLargeError as exc:
            raise RefusalError("too_large", exc.text) from exc
        except (NotGzipError, WireError) as exc:
            raise RefusalError("malformed", exc.text) from exc
        if push.v != VERSION:
            raise RefusalError("wrong_version", _WRONG_VERSION)
        return push


async def _body(request: web.Request) -> bytes:
    """Raises HTTPRequestEntityTooLarge; bodies that arrived whole, as most do, are not awaited."""
    if request.content.is_eof():
        return request.content.read_nowait()
    return await request.read()


async def _inflated(data: bytes, encoding: str) -> bytes:
    if encoding != "gzip":
        raise RefusalError("wrong_encoding", _WRONG_ENCODING)
    if len(data) <= INFLATE_INLINE_BYTES:
        return inflate(data, MAX_REQUEST_BYTES)
    return await asyncio.to_thread(inflate, data, MAX_REQUEST_BYTES)


def _answer_type(kind: str) -> str:
    return kind if kind in (MSGPACK, JSON) else JSON


def _not_stored(exc: NotCommittedError) -> RefusalError:
    if exc.is_disk_full:
        return RefusalError("disk_full", _DISK_FULL, 4 * BUSY_SECONDS)
    return RefusalError("not_committed", _NOT_COMMITTED, BUSY_SECONDS)


_UNKNOWN_AGENT = Text(
    "未知的代理程序或密钥错误；请用新的注册串重新注册。",
    "Unknown agent or wrong key; enrol again with a new enrolment string.",
)
_REVOKED = Text("此代理程序已被停用。", "This agent was revoked.")
_WRONG_SCHOOL = Text(
    "推送的学校与代理程序注册的学校不一致。",
    "The push names another school than the one this agent is enrolled for.",
)
_BUSY = Text("采集器繁忙，请稍后重试。", "The collector is busy; come again later.")
_WRONG_TYPE = Text(
    f"Content-Type 须为 {MSGPACK} 或 {JSON}。", f"Content-Type must be {MSGPACK} or {JSON}."
)
_WRONG_ENCODING = Text(
    "Content-Encoding 只接受 gzip。", "The only Content-Encoding accepted is gzip."
)
_TOO_LARGE = Text(
    f"请求超过 {MAX_REQUEST_BYTES} 字节；请分批发送。",
    f"The request is larger than {MAX_REQUEST_BYTES} bytes; send fewer batches at a time.",
)
_WRONG_VERSION = Text(
    f"采集器使用协议第 {VERSION} 版。", f"This collector speaks wire format {VERSION}."
)
_DISK_FULL = Text(
    "采集器磁盘已满，数据未保存；请保留并稍后重发。",
    "The collector's disk is full and nothing was stored; keep the data and come again.",
)
_NOT_COMMITTED = Text(
    "采集器未能保存，请保留数据并稍后重发。",
    "The collector could not store it; keep the data and come again.",
)
