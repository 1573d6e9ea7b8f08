"""A collector on 127.0.0.1 that speaks wire format 1 over real sockets and misbehaves on demand.

It keeps what it acknowledged and what it was sent twice, so a test compares sets. It shares no code
with the real collector but `probes.wire`.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from config.enrolment import Enrolment
from probes import wire

Key = tuple[str, str, int]
Fault = Callable[[wire.Push], "web.Response | str | None"]
"""Given a push: an answer instead of the usual one, "drop" (commit, then hang up), "lose" (hang up
without committing), or None for the usual answer."""


def status(code: int, *, retry_after: str | None = None, body: bytes = b"") -> Fault:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda push: web.Response(status=code, headers=headers, body=body)


def drop_answer(push: wire.Push) -> str:
    """The collector commits, and the answer is lost on the way."""
    return "drop"


def lose_request(push: wire.Push) -> str:
    return "lose"


def config_of(*tasks: wire.Task, revision: str = "r1", every: float = 1.0) -> wire.AgentConfig:
    return wire.AgentConfig(
        v=wire.VERSION,
        revision=revision,
        role="gateway",
        push_every=every,
        seal_every=every,
        tasks=list(tasks),
    )


@dataclass
class FakeCollector:
    """Use it in `async with`; then `url` is where it listens.

    Attributes:
        stored: (agent, session, seq) -> the batch, as first committed.
        faults: taken from the left, one per push.
        fault: asked for every push when `faults` is empty.
        reject: keys (session, seq) that get the ack `rejected`.
        tls, pin: a certificate to serve, and the pin of its authority.
    """

    school: str = "3401000001"
    token: str = "tok.secret"
    config: wire.AgentConfig | None = None
    credit: int = wire.MAX_BATCHES
    stored: dict[Key, wire.Batch] = field(default_factory=dict)
    duplicates: Counter[Key] = field(default_factory=Counter)
    conflicts: list[Key] = field(default_factory=list)
    gaps: dict[str, wire.Gap] = field(default_factory=dict)
    pushes: list[wire.Push] = field(default_factory=list)
    enrolments: dict[str, wire.EnrolReply] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    fault: Fault | None = None
    enrol_fault: Callable[[], web.Response | str | None] | None = None
    config_fault: Callable[[], web.Response] | None = None
    reject: set[tuple[str, int]] = field(default_factory=set)
    tls: ssl.SSLContext | None = None
    pin: str = ""
    port: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def enrolment(self) -> Enrolment:
        token_id, _, secret = self.token.partition(".")
        return Enrolment(self.url, token_id, secret, self.pin)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port of before if there was one."""
        app = web.Application(client_max_size=wire.MAX_REQUEST_BYTES)
        app.router.add_post("/v1/enrol", self._enrol)
        app.router.add_post("/v1/push", self._push)
        app.router.add_get("/v1/config", self._config)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await asyncio.sleep(0.01)  # For connections that were accepted just now.
        await self._runner.cleanup()

    def records(self) -> list[wire.Record]:
        """Every reading of every stored batch."""
        return [
            record
            for batch in self.stored.values()
            for record in wire.records(wire.unpack(batch.body))
        ]

    async def _enrol(self, request: web.Request) -> web.StreamResponse:
        asked = wire.decode(await request.read(), wire.EnrolRequest)
        if self.enrol_fault is not None and (fault := self.enrol_fault()) is not None:
            if isinstance(fault, web.Response):
                return fault
            self._admit(asked)
            return _hang_up(request)
        if asked.token != self.token:
            return _answer(wire.Problem("unknown token", "令牌无效"), 401)
        return _answer(self._admit(asked))

    def _admit(self, asked: wire.EnrolRequest) -> wire.EnrolReply:
        if asked.nonce not in self.enrolments:
            n = len(self.enrolments) + 1
            self.enrolments[asked.nonce] = wire.EnrolReply(
                v=wire.VERSION,
                agent=f"agent{n}",
                key=f"{n:064x}",
                school=self.school,
                school_name="示范小学",
                role="gateway",
            )
        return self.enrolments[asked.nonce]

    def _agent_or_none(self, request: web.Request) -> str | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = {f"{e.agent}.{e.key}": e.agent for e in self.enrolments.values()}
        return known.get(given)

    async def _config(self, request: web.Request) -> web.StreamResponse:
        if self._agent_or_none(request) is None:
            return _answer(wire.Problem("unknown agent", "代理未知"), 401)
        if self.config_fault is not None:
            return self.config_fault()
        if self.config is None or request.headers.get("If-None-Match") == self.config.revision:
            return web.Response(status=304)
        return _answer(self.config)

    async def _push(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._take(request)
        finally:
            self.in_flight -= 1

    async def _take(self, request: web.Request) -> web.StreamResponse:
        agent = self._agent_or_none(request)
        if agent is None:
            return _answer(wire.Problem("unknown agent", "代理未知"), 401)
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        push = wire.decode(body, wire.Push)
        self.pushes.append(push)
        fault = self.faults.popleft() if self.faults else self.fault
        told = None if fault is None else fault(push)
        if isinstance(told, web.Response):
            return told
        if told == "lose":
            return _hang_up(request)
        reply = self._commit(agent, push)
        return _hang_up(request) if told == "drop" else _answer(reply)

    def _commit(self, agent: str, push: wire.Push) -> wire.PushReply:
        for gap in push.gaps:
            self.gaps.setdefault(gap.id, gap)
        return wire.PushReply(
            v=wire.VERSION,
            now=push.wall,
            nonce=f"nonce{len(self.pushes)}",
            generation="g1",
            config=self.config.revision if self.config else "",
            acks=[self._store(agent, batch) for batch in push.batches],
            credit=self.credit,
            gaps=[gap.id for gap in push.gaps],
        )

    def _store(self, agent: str, batch: wire.Batch) -> wire.Ack:
        key = (agent, batch.session, batch.seq)
        if (batch.session, batch.seq) in self.reject:
            return wire.Ack(batch.session, batch.seq, "rejected", "not to my taste")
        if wire.digest(batch.body) != batch.sha256:
            return wire.Ack(batch.session, batch.seq, "rejected", "hash")
        if key in self.stored:
            self.duplicates[key] += 1
            if self.stored[key].body != batch.body:
                self.conflicts.append(key)
            return wire.Ack(batch.session, batch.seq, "duplicate")
        self.stored[key] = batch
        return wire.Ack(batch.session, batch.seq, "stored")

    async def until(self, happened: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until `happened` is true; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not happened():  # noqa: ASYNC110 - what is watched knows no event
                await asyncio.sleep(0.02)


def _answer(
    message: wire.PushReply | wire.AgentConfig | wire.EnrolReply | wire.Problem, code: int = 200
) -> web.Response:
    return web.Response(
        status=code, body=wire.encode(message), headers={"Content-Type": wire.MSGPACK}
    )


def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)
