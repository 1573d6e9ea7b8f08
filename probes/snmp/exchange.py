"""One request, one answer, over UDP: time-outs, retries, and what came that was no answer.

Only the other process loads this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import SystemRandom
from time import monotonic
from typing import Any, Protocol

from probes.net import NO_ROUTE, NO_SOCKET, Address, open_datagram, our_fault
from probes.snmp import pdu
from probes.snmp.pdu import BadAnswerError, Response
from probes.snmp.reasons import BAD_ANSWER, NO_ANSWER, REFUSED
from probes.snmp.values import Oid

MAX_DATAGRAM = 65535
MOST_LESSONS = 3
"""What a speaker may learn from reports within one request: engine ID and time, and the time once
more."""
_random = SystemRandom()


class SilentError(Exception):
    """There is no answer to go by; `reason` is a key of DEVICE_REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LearnedError(Exception):
    """No answer, but something without which there is none: the request is to be sent again.

    `reason`: why there is no answer, if that goes on and on; a key of DEVICE_REASONS.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Speaker(Protocol):
    """A version of SNMP: PDUs to datagrams and back."""

    boots: int | None
    engine_time: int | None
    silence: str
    """Why there is no answer, as far as it knows: a key of DEVICE_REASONS."""

    def pack(self, pdu: Any) -> bytes: ...

    def unpack(self, data: bytes) -> Any:
        """Raises BadAnswerError, LearnedError, or SilentError when the device will never answer."""


class Exchange:
    """With one device; one request at a time. To be used in a `with` statement.

    The socket is connected: the kernel drops what comes from any other address, and says when
    nothing listens there.

    Raises ProbeError when this machine cannot send to it.
    """

    def __init__(self, address: Address, speaker: Speaker, timeout: float, tries: int) -> None:
        self.speaker = speaker
        self.seconds: float | None = None
        """From a request to its answer: the first that needed no second try."""
        self._timeout, self._tries = timeout, tries
        self._first = self._id = _random.randrange(1, pdu.MAX_REQUEST_ID // 2)
        self._socket = open_datagram(address)

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def get(self, oids: Sequence[Oid]) -> Response:
        """Raises SilentError."""
        return await self._ask(pdu.get(self._next_id(), oids))

    async def get_bulk(self, oids: Sequence[Oid], repetitions: int) -> Response:
        """Raises SilentError."""
        return await self._ask(pdu.get_bulk(self._next_id(), oids, repetitions))

    def _next_id(self) -> int:
        self._id += 1
        return self._id

    async def _ask(self, request: Any) -> Response:
        lessons, tried, noise = 0, 0, False
        while tried < self._tries:
            tried += 1
            sent = monotonic()
            await self._send(self.speaker.pack(request))
            try:
                response, heard_noise = await self._receive(sent + self._timeout)
            except LearnedError as exc:
                lessons += 1
                tried -= 1
                if lessons > MOST_LESSONS:
                    raise SilentError(exc.reason) from None
                continue
            noise |= heard_noise
            if response is not None:
                if self.seconds is None and tried == 1:
                    self.seconds = monotonic() - sent
                return response
        raise SilentError(BAD_ANSWER if noise else self.speaker.silence)

    async def _send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self._socket, data)
        except ConnectionRefusedError as exc:
            raise SilentError(REFUSED) from exc
        except OSError as exc:
            if exc.errno in NO_ROUTE | NO_SOCKET:
                raise our_fault(exc) from exc
            raise SilentError(NO_ANSWER) from exc

    async def _receive(self, until: float) -> tuple[Response | None, bool]:
        """The answer, None if it did not come in time; and whether anything else came."""
        loop, noise = asyncio.get_running_loop(), False
        while (left := until - monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    data = await loop.sock_recv(self._socket, MAX_DATAGRAM)
            except TimeoutError:
                break
            except ConnectionError as exc:
                raise SilentError(REFUSED) from exc
            except OSError as exc:
                # A router on the way says that it cannot be reached.
                raise SilentError(NO_ANSWER) from exc
            try:
                response = pdu.read(self.speaker.unpack(data))
            except BadAnswerError:
                noise = True
                continue
            if response.request_id == self._id:
                return response, noise
            noise |= not self._first <= response.request_id < self._id  # else it comes late
        return None, noise
