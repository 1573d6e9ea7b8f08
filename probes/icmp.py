"""ICMP and ICMPv6 echoes as bytes (RFC 792, RFC 4443). Pure: no socket, no clock."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHHH")
_ECHO_REQUEST = {4: 8, 6: 128}
_ECHO_REPLY = {4: 0, 6: 129}
_IPV4_MINIMUM = 20


@dataclass(frozen=True, slots=True)
class EchoReply:
    """An answer as it arrived; whether it answers us is for the caller to tell."""

    identifier: int
    sequence: int
    payload: bytes


def encode_request(version: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request for IP `version` 4 or 6.

    The checksum of ICMPv6 covers addresses that only the kernel knows; it is left 0, and every
    kernel fills it in.
    """
    kind = _ECHO_REQUEST[version]
    message = _HEADER.pack(kind, 0, 0, identifier, sequence) + payload
    if version == 6:
        return message
    return _HEADER.pack(kind, 0, checksum(message), identifier, sequence) + payload


def decode_reply(version: int, data: bytes) -> EchoReply | None:
    """The echo reply in `data`; None for anything else, broken or of another kind.

    An IPv4 header before the message, as raw sockets give it, is skipped. The checksum of ICMPv6 is
    the kernel's affair, as in `encode_request`.
    """
    message = _after_ipv4_header(data) if version == 4 else data
    if message is None or len(message) < _HEADER.size:
        return None
    kind, code, _, identifier, sequence = _HEADER.unpack_from(message)
    if kind != _ECHO_REPLY[version] or code != 0:
        return None
    if version == 4 and checksum(message) != 0:
        return None
    return EchoReply(identifier, sequence, bytes(message[_HEADER.size :]))


def _after_ipv4_header(data: bytes) -> bytes | None:
    """`data` itself if it has no IPv4 header: no ICMP message begins with 0x4_."""
    if not data or data[0] >> 4 != 4:
        return data
    length = (data[0] & 0x0F) * 4
    if length < _IPV4_MINIMUM or len(data) < length:
        return None
    return data[length:]


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); 0 over a message that carries its right checksum."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
