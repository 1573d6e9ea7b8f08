"""What Linux says of a TCP connection: `struct tcp_info` of linux/tcp.h, as far as it is used."""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from typing import Protocol

_STRUCT_BYTES = 512
"""More than any kernel fills; it cuts the answer to what it knows."""
_UNKNOWN_RTT = 0xFFFFFFFF


class HasOptions(Protocol):
    """A socket, or what an event loop gives in its place."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """Times in microseconds, bytes of TCP's payload (TLS and WebSocket heads included).

    None is what this kernel does not tell, or has not measured yet.
    """

    sending_mss: int | None
    """Payload of a full segment, options of TCP left out."""
    in_flight: int | None
    """Segments on the way: neither acknowledged nor believed to be lost (RFC 6675, pipe)."""
    rtt: int | None
    rtt_variance: int | None
    min_rtt: int | None
    bytes_acked: int | None
    bytes_received: int | None
    segments_sent: int | None
    data_segments_received: int | None
    """With payload; those out of order and sent twice, too."""
    bytes_sent: int | None
    bytes_retransmitted: int | None
    busy: int | None
    limited_by_receiver: int | None
    limited_by_buffer: int | None


def decode(data: bytes) -> TcpInfo:
    """Of the bytes that the kernel gives: older ones end earlier."""
    rtt = _u32(data, 68) or None
    min_rtt = _u32(data, 148)
    return TcpInfo(
        sending_mss=_u32(data, 16) or None,
        in_flight=_in_flight(data),
        rtt=rtt,
        rtt_variance=None if rtt is None else _u32(data, 72),
        min_rtt=None if min_rtt == _UNKNOWN_RTT else min_rtt,
        bytes_acked=_u64(data, 120),
        bytes_received=_u64(data, 128),
        segments_sent=_u32(data, 136),
        data_segments_received=_u32(data, 152),
        busy=_u64(data, 168),
        limited_by_receiver=_u64(data, 176),
        limited_by_buffer=_u64(data, 184),
        bytes_sent=_u64(data, 200),
        bytes_retransmitted=_u64(data, 208),
    )


def read(connection: HasOptions) -> TcpInfo | None:
    """None where there is no TCP_INFO, or the connection is gone."""
    if sys.platform != "linux":
        return None
    try:
        data = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _STRUCT_BYTES)
    except (OSError, ValueError):  # the latter of uvloop, where the socket has no number any more
        return None
    return decode(data)


def _in_flight(data: bytes) -> int | None:
    unacked, sacked, lost, sent_again = (_u32(data, at) for at in (24, 28, 32, 36))
    if unacked is None or sacked is None or lost is None or sent_again is None:
        return None
    return max(0, unacked - sacked - lost + sent_again)


def _u32(data: bytes, at: int) -> int | None:
    return int(struct.unpack_from("=I", data, at)[0]) if len(data) >= at + 4 else None


def _u64(data: bytes, at: int) -> int | None:
    return int(struct.unpack_from("=Q", data, at)[0]) if len(data) >= at + 8 else None
