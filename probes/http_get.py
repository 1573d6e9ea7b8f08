"""One HTTP/1.1 GET over a connection that is open, and what came back. Follows nothing.

The framing of bodies is RFC 9112 section 6.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

HEAD_BYTES = 65_536
"""Of a status line with its headers; the same is the longest line of a StreamReader."""
_NO_BODY = frozenset({204, 304})
_CHUNKED = "chunked"


class NoHttpError(Exception):
    """The answer is not HTTP/1."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, whose names are in lower case; the last of a name wins."""

    status: int
    headers: Mapping[str, str]


def encode_request(host: str, path: str) -> bytes:
    """`host` as in the Host header."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: banjun",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def decode_head(data: bytes) -> Head:
    """Raises NoHttpError."""
    from http.client import HTTPException, parse_headers  # a dozen modules for reading mail

    line, _, rest = data.partition(b"\n")
    version, _, words = line.decode("latin-1").rstrip("\r").partition(" ")
    status = words[:3]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
        raise NoHttpError(version[:20])
    try:
        headers = parse_headers(BytesIO(rest))
    except HTTPException as exc:
        raise NoHttpError(str(exc)) from exc
    return Head(int(status), {name.lower(): value for name, value in headers.items()})


async def read_head(reader: asyncio.StreamReader, begun: bytes) -> Head:
    """The final answer's head; `begun` was read of it, and interim ones (1xx) are passed over.

    Raises NoHttpError, and IncompleteReadError when the connection ends before the head does.
    """
    while True:
        try:
            head = decode_head(begun + await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError as exc:
            raise NoHttpError("the head is too long") from exc
        except asyncio.IncompleteReadError as exc:
            decode_head(begun + exc.partial)  # which says so if this was no HTTP to begin with
            raise
        if not 100 <= head.status < 200:
            return head
        begun = b""


async def read_body(reader: asyncio.StreamReader, head: Head, most: int) -> bytes:
    """The body, or its first `most` bytes.

    Raises IncompleteReadError when the connection ends before the body does, and NoHttpError.
    """
    try:
        return await _read_body(reader, head, most)
    except asyncio.LimitOverrunError as exc:
        raise NoHttpError("a chunk without a size") from exc


async def _read_body(reader: asyncio.StreamReader, head: Head, most: int) -> bytes:
    if head.status in _NO_BODY:
        return b""
    if head.headers.get("transfer-encoding", "").lower().endswith(_CHUNKED):
        return await _read_chunks(reader, most)
    length = head.headers.get("content-length")
    if length is None:
        return await _read_to_the_end(reader, most)
    if not (length.isascii() and length.isdigit()):
        raise NoHttpError(f"Content-Length: {length[:20]}")
    return await reader.readexactly(min(int(length), most))


async def _read_chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    body = b""
    while len(body) < most:
        line = await reader.readuntil(b"\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError as exc:
            raise NoHttpError("a chunk without a size") from exc
        if size <= 0:
            return body
        wanted = min(size, most - len(body))
        body += await reader.readexactly(wanted)
        if wanted == size:
            await reader.readuntil(b"\n")
    return body


async def _read_to_the_end(reader: asyncio.StreamReader, most: int) -> bytes:
    parts, left = [], most
    while left and (part := await reader.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
