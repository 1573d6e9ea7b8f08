"""The client's side of a session with a measurement server."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Self, TypeVar

from probes.measuring.message import (
    Hello,
    Join,
    MessageError,
    Ping,
    Proof,
    Proven,
    Question,
    Refused,
    Reply,
    Welcome,
    encode,
    knock,
    secret_of_answer,
)
from probes.measuring.permit import Direction, Permit
from probes.measuring.pipe import Pipe
from probes.net import Address, open_socket, our_fault, resolve
from probes.train import receive, send

CONNECT_SECONDS = 5.0
REPLY_SECONDS = 8.0
"""The longest wait for any one reply."""
KNOCKS = 4
KNOCK_SECONDS = 0.5
_ANSWER_BYTES = 256

R = TypeVar("R")


class BlockedError(Exception):
    """Something on the way does not let the measurement through; `way` is one of BLOCKED."""

    def __init__(self, way: str) -> None:
        super().__init__(way)
        self.way = way


BLOCKED = frozenset({"tcp_blocked", "udp_blocked", "intercepted"})


class RefusedError(Exception):
    """The server would not; `reason` is one of message.REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server calls this session, and the key that lets other connections join it."""

    number: int
    key: bytes


class Session:
    """Open from `connect` to `close`.

    Every method raises RefusedError when the server would not, and BlockedError when what stands
    between here and there cuts the connection or answers in its place.
    """

    def __init__(self, address: Address, pipe: Pipe, identity: Identity) -> None:
        self.address = address
        self.identity = identity
        self.udp: socket.socket | None = None
        """Connected to the server; None until `prove`."""
        self._pipe = pipe
        self._turn = asyncio.Lock()
        self._pings = 0

    @classmethod
    async def connect(cls, permit: Permit) -> Self:
        """Raises ProbeError when this machine has no way to the server at all."""
        address = await resolve(permit.host, permit.port)
        pipe = await _pipe(address)
        try:
            welcome = await _exchange(pipe, Hello(permit.token), Welcome)
        except BaseException:
            pipe.close()
            raise
        return cls(address, pipe, Identity(welcome.session, welcome.key))

    def close(self) -> None:
        self._pipe.close()
        if self.udp is not None:
            self.udp.close()

    async def ask(self, question: Question, wanted: type[R]) -> R:
        async with self._turn:
            return await _exchange(self._pipe, question, wanted)

    async def round_trip(self) -> float:
        """Seconds, on the control connection."""
        self._pings += 1
        began = monotonic()
        await self.ask(Ping(self._pings), Ping)
        return monotonic() - began

    async def prove(self) -> socket.socket:
        """A UDP socket to and from which the server sends and takes trains."""
        if self.udp is not None:
            return self.udp
        opened = open_socket(self.address.family, socket.SOCK_DGRAM)
        try:
            opened.connect(self.address.sockaddr)
            send.prepare(opened)
            receive.prepare(opened)
            secret = await self._knock(opened)
            await self.ask(Proof(secret), Proven)
        except OSError as exc:
            opened.close()
            raise our_fault(exc) from exc
        except BaseException:
            opened.close()
            raise
        self.udp = opened
        return opened

    async def join(self, direction: Direction) -> socket.socket:
        """A connection that carries filling; non-blocking, and the caller's to close."""
        opened = open_socket(self.address.family, socket.SOCK_STREAM)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(opened, self.address.sockaddr)
                asked = Join(self.identity.number, self.identity.key, direction)
                await loop.sock_sendall(opened, encode(asked))
        except (OSError, TimeoutError) as exc:
            opened.close()
            raise BlockedError("tcp_blocked") from exc
        except BaseException:
            opened.close()
            raise
        return opened

    async def _knock(self, opened: socket.socket) -> bytes:
        loop, question = asyncio.get_running_loop(), knock(self.identity.number)
        for _ in range(KNOCKS):
            try:
                opened.send(question)
                async with asyncio.timeout(KNOCK_SECONDS):
                    while True:
                        data = await loop.sock_recv(opened, _ANSWER_BYTES)
                        if (secret := secret_of_answer(data, self.identity.number)) is not None:
                            return secret
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                await asyncio.sleep(KNOCK_SECONDS)  # a router says no; one more try may get through
        raise BlockedError("udp_blocked")


async def _pipe(address: Address) -> Pipe:
    opened = open_socket(address.family, socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(opened, address.sockaddr)
            reader, writer = await asyncio.open_connection(sock=opened)
    except (OSError, TimeoutError) as exc:
        opened.close()
        raise BlockedError("tcp_blocked") from exc
    return Pipe(reader, writer)


async def _exchange(pipe: Pipe, question: Question, wanted: type[R]) -> R:
    try:
        async with asyncio.timeout(REPLY_SECONDS):
            await pipe.say(question)
            reply: Reply = await pipe.reply()
    except TimeoutError as exc:
        raise BlockedError("tcp_blocked") from exc
    except (MessageError, EOFError, ConnectionError) as exc:
        # Something took the connection and is no measurement server, or cut it.
        raise BlockedError("intercepted") from exc
    if isinstance(reply, wanted):
        return reply
    if isinstance(reply, Refused):
        raise RefusedError(reply.reason)
    raise BlockedError("intercepted")
