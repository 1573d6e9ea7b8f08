"""Reads one HTTP/1.1 answer from the bytes that arrive, in whatever pieces (RFC 9112).

It knows no sockets and no time. What is not an answer, or is larger than any answer may be, is
refused as soon as that shows; nothing is kept beyond the limits.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

MAX_HEAD_BYTES = 16 * 1024
"""Of all status lines, fields and trailers together, interim answers included."""
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: .*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,12}")

T = TypeVar("T")
Parts = Generator[None, None, T]
"""Yields whenever it needs more bytes."""


class BadAnswerError(ValueError):
    """What came is no HTTP answer, or not one that this agent reads."""


class CutOffError(ConnectionError):
    """The connection ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the collector, or of whatever stands in its place."""

    status: int
    body: bytes = b""
    retry_after: str = ""


class AnswerReader:
    """Feed it until it returns the answer.

    Attributes:
        begun: whether anything has arrived.
        keep: once there is an answer, whether the connection can carry another.
    """

    def __init__(self, max_body: int) -> None:
        self.begun = False
        self.keep = True
        self._most = max_body
        self._head_left = MAX_HEAD_BYTES
        self._buffer = bytearray()
        self._ended = False
        self._parts = self._answer()
        next(self._parts)

    def feed(self, data: bytes) -> Answer | None:
        """The answer, or None while it is not complete. Raises BadAnswerError."""
        self.begun = True
        self._buffer += data
        return self._go_on()

    def end(self) -> Answer:
        """The answer whose end was the end of the connection. Raises CutOffError."""
        self._ended = True
        answer = self._go_on()
        if answer is None:
            raise CutOffError("the connection was closed before the answer was complete")
        return answer

    def _go_on(self) -> Answer | None:
        try:
            next(self._parts)
        except StopIteration as done:
            self.keep = self.keep and not self._buffer and not self._ended
            answer: Answer = done.value
            return answer
        return None

    def _answer(self) -> Parts[Answer]:
        yield
        status, fields = yield from self._head()
        while status < 200:
            if status == 101:
                raise BadAnswerError("it changes to another protocol")
            status, fields = yield from self._head()
        body = yield from self._body(status, fields)
        return Answer(status, body, fields.get("retry-after", ""))

    def _head(self) -> Parts[tuple[int, Mapping[str, str]]]:
        line = yield from self._line()
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise BadAnswerError("it is not HTTP/1.1")
        fields = yield from self._fields()
        options = {word.strip() for word in fields.get("connection", "").lower().split(",")}
        self.keep = match[1] != b"0" and "close" not in options
        return int(match[2]), fields

    def _fields(self) -> Parts[Mapping[str, str]]:
        fields: dict[str, str] = {}
        while line := (yield from self._line()):
            match = _FIELD.fullmatch(line)
            if match is None:
                raise BadAnswerError("a header field of it cannot be read")
            name, value = match[1].decode().lower(), match[2].decode("latin-1")
            if name == "content-length" and fields.get(name, value) != value:
                raise BadAnswerError("it names two lengths")
            known = fields.get(name)
            fields[name] = value if known in (None, value) else f"{known}, {value}"
        return fields

    def _body(self, status: int, fields: Mapping[str, str]) -> Parts[bytes]:
        coding, length = fields.get("transfer-encoding"), fields.get("content-length")
        if status in (204, 304):
            return b""
        if coding is not None:
            if coding.lower() != "chunked":
                raise BadAnswerError("it has an unknown transfer coding")
            self.keep = self.keep and length is None
            return (yield from self._chunks())
        if length is None:
            return (yield from self._rest())
        if not _LENGTH.fullmatch(length):
            raise BadAnswerError("its length is no number")
        return (yield from self._exactly(self._allowed(int(length))))

    def _chunks(self) -> Parts[bytes]:
        body = bytearray()
        while True:
            match = _CHUNK.fullmatch((yield from self._line()))
            if match is None:
                raise BadAnswerError("a chunk of it has no size")
            size = int(match[1], 16)
            if size == 0:
                yield from self._fields()
                return bytes(body)
            self._allowed(len(body) + size)
            body += yield from self._exactly(size)
            # The line break after a chunk costs head bytes, so endless tiny chunks end too.
            if (yield from self._line()):
                raise BadAnswerError("a chunk of it is longer than it says")

    def _rest(self) -> Parts[bytes]:
        self.keep = False
        while not self._ended:
            self._allowed(len(self._buffer))
            yield
        return self._taken(len(self._buffer))

    def _exactly(self, size: int) -> Parts[bytes]:
        while len(self._buffer) < size:
            yield
        return self._taken(size)

    def _line(self) -> Parts[bytes]:
        while (end := self._buffer.find(b"\n")) < 0:
            self._pay(len(self._buffer), keep=True)
            yield
        self._pay(end + 1, keep=False)
        return self._taken(end + 1)[:-1].removesuffix(b"\r")

    def _pay(self, size: int, *, keep: bool) -> None:
        if size > self._head_left:
            raise BadAnswerError("its header is larger than any may be")
        if not keep:
            self._head_left -= size

    def _allowed(self, size: int) -> int:
        if size > self._most:
            raise BadAnswerError("the answer is larger than any answer may be")
        return size

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
