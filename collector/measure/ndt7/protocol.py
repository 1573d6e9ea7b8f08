"""What the NDT7 protocol (0.11.0) lays down: names, sizes, times, and the text messages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from random import SystemRandom
from urllib.parse import parse_qsl

import msgspec

from probes.measuring.tcp_info import TcpInfo
from probes.text import BanjunError, Text

SUBPROTOCOL = "net.measurementlab.ndt.v7"
FIRST_MESSAGE_BYTES, LARGEST_SENT_BYTES = 1 << 13, 1 << 20
"""The protocol would allow 1 << 24; clients in Go read no more than this."""
LARGEST_RECEIVED_BYTES = 1 << 24
LARGEST_TEXT_BYTES = 1 << 16
METADATA_BYTES = 4096
EARLY_EXIT = "early_exit"
EARLY_EXITS = {"250": 250_000_000}
_PAUSE_SECONDS, _SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 0.025, 0.625
_random = SystemRandom()


class Direction(StrEnum):
    """As the client sees it, and as the paths end."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds since the handshake: when a test ends, and when its connection is cut at last."""

    end: float = 10.0
    hard_stop: float = 15.0


class QueryError(BanjunError):
    """The query of a URL is not one that the protocol allows."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a client says in its URL.

    Attributes:
        early_exit_bytes: after how many acknowledged bytes a download ends; None for never.
    """

    metadata: Mapping[str, str]
    early_exit_bytes: int | None


def parse_query(query: str) -> Query:
    """Of the part after `?`. Raises QueryError."""
    if len(query.encode()) > METADATA_BYTES:
        raise QueryError(
            Text(f"参数超过 {METADATA_BYTES} 字节", f"the query is over {METADATA_BYTES} bytes")
        )
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as exc:
        raise QueryError(Text(f"参数格式不对：{exc}", f"malformed query: {exc}")) from exc
    found: dict[str, str] = {}
    for name, value in pairs:
        if not name or name in found:
            raise QueryError(
                Text(f"参数名 {name!r} 为空或重复", f"the key {name!r} is empty or twice there")
            )
        found[name] = value
    wanted = found.get(EARLY_EXIT)
    if wanted is not None and wanted not in EARLY_EXITS:
        known = ", ".join(EARLY_EXITS)
        raise QueryError(
            Text(f"{EARLY_EXIT} 只能是 {known}", f"{EARLY_EXIT} is {wanted!r}, not {known}")
        )
    metadata = {k: v for k, v in found.items() if not k.startswith("server_")}
    return Query(metadata, None if wanted is None else EARLY_EXITS[wanted])


@cache
def payload(size: int) -> bytes:
    """So many bytes that nobody on the way can compress; made once for each size."""
    return os.urandom(size)


def next_size(size: int, sent: int) -> int:
    """Of the next binary message, after `sent` bytes in all."""
    return min(2 * size, LARGEST_SENT_BYTES) if size <= sent / 16 else size


def pause_seconds() -> float:
    """Until the next text message: without memory, so that it keeps step with nothing."""
    return min(max(_random.expovariate(1 / _PAUSE_SECONDS), _SHORTEST_PAUSE), _LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Ends:
    """Of one connection: `address:port` of both, a name of its own, when it began (RFC 3339)."""

    client: str
    server: str
    uuid: str
    started: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a test.

    Attributes:
        seconds: since the handshake.
        message_bytes: in binary messages, as handed to the connection or taken from it.
        tcp: None where the kernel does not tell.
    """

    seconds: float
    message_bytes: int
    tcp: TcpInfo | None


def measurement(direction: Direction, ends: Ends, sample: Sample) -> str:
    """A text message of the server. What is not known is left out."""
    microseconds = round(sample.seconds * 1e6)
    message: dict[str, object] = {
        "AppInfo": {"ElapsedTime": microseconds, "NumBytes": sample.message_bytes},
        "ConnectionInfo": {
            "Client": ends.client,
            "Server": ends.server,
            "UUID": ends.uuid,
            "StartTime": ends.started,
        },
        "Origin": "server",
        "Test": direction.value,
    }
    if sample.tcp is not None:
        known = {k: v for k, v in asdict(sample.tcp).items() if v is not None}
        named = {name: known[k] for k, name in _TCP_NAMES.items() if k in known}
        message["TCPInfo"] = {"ElapsedTime": microseconds, **named}
    return msgspec.json.encode(message).decode()


_TCP_NAMES = {
    "rtt": "RTT",
    "rtt_variance": "RTTVar",
    "min_rtt": "MinRTT",
    "bytes_acked": "BytesAcked",
    "bytes_received": "BytesReceived",
    "bytes_sent": "BytesSent",
    "bytes_retransmitted": "BytesRetrans",
    "busy": "BusyTime",
    "limited_by_receiver": "RWndLimited",
    "limited_by_buffer": "SndBufLimited",
}
