"""What client and measurement server say to each other, as bytes. Pure: no socket, no clock.

One TCP connection controls a session: messages in msgpack, each behind its length. It begins with a
Hello and its token. A second kind of connection begins with a Join and then carries nothing but
filling. By UDP come trains, and one exchange that proves whose address it is: a Knock is answered
with fewer bytes than it has, and what the answer holds must be told on the control connection.
"""

from __future__ import annotations

import struct
from typing import TypeVar

import msgspec

from probes.measuring.permit import Direction
from probes.text import BanjunError, Text
from probes.train.estimate import Outcome, Reason

VERSION = 1
LARGEST_BYTES = 4096
"""Of one message."""
LENGTH = struct.Struct("!I")
SECRET_BYTES = 16
KNOCK_BYTES = 64
"""Larger than its answer, so that nobody gains by a forged sender."""
_KNOCK = struct.Struct("!4sB3xQ")
_KNOCK_MAGIC, _ANSWER_MAGIC = b"BANK", b"BANA"

M = TypeVar("M")


class MessageError(BanjunError):
    """What came is not of this protocol."""


class Hello(msgspec.Struct, tag=True):
    """First on a control connection."""

    token: str
    v: int = VERSION


class Join(msgspec.Struct, tag=True):
    """First on a connection that carries filling, in one direction, until either end closes it."""

    session: int
    key: bytes
    direction: Direction


class Proof(msgspec.Struct, tag=True):
    """The secret that answered the knock."""

    secret: bytes


class SendTrain(msgspec.Struct, tag=True):
    """Asks for a train of `count` packets with `size` bytes of UDP payload."""

    train: int
    count: int
    size: int


class TakeTrain(msgspec.Struct, tag=True):
    """Announces one; it is sent when the server is Ready."""

    train: int
    count: int
    size: int


class TrainSent(msgspec.Struct, tag=True):
    """What the sender says of a train; see probes.train.estimate.Sent.

    A client that sent it adds what only its end knows: bits/s of all other traffic that way, and of
    its slowest interface.
    """

    train: int
    count: int
    size: int
    seconds: float | None
    is_segmented: bool
    others: float | None = None
    interface: float | None = None


class Ping(msgspec.Struct, tag=True):
    """Answered with itself, for the round trip."""

    number: int


class AskTally(msgspec.Struct, tag=True):
    """Asks what the streams of this session have carried so far."""


Question = Hello | Join | Proof | SendTrain | TakeTrain | TrainSent | Ping | AskTally
"""From the client."""


class Welcome(msgspec.Struct, tag=True):
    session: int
    key: bytes


class Refused(msgspec.Struct, tag=True):
    """`reason` is one of REFUSALS."""

    reason: str


class Proven(msgspec.Struct, tag=True):
    """The address that knocked is the client's; trains go there."""


class Ready(msgspec.Struct, tag=True):
    train: int


class Judged(msgspec.Struct, tag=True):
    """What a train told that the server took; see probes.train.estimate.TrainResult."""

    outcome: Outcome
    reason: Reason | None
    rate: float | None
    tail_seconds: float
    arrived: int


class Tally(msgspec.Struct, tag=True):
    """TCP payload that the server took in and gave out, at ns of its monotonic clock.

    `received_segments` also has what came out of order, which `received_bytes` waits for.
    """

    at: int
    received_bytes: int
    sent_bytes: int
    received_segments: int | None


Reply = Welcome | Refused | Proven | TrainSent | Ready | Judged | Ping | Tally
"""From the server."""

REFUSALS = frozenset(
    {"bad_token", "used", "full", "spent", "not_proven", "not_allowed", "not_sent", "malformed"}
)

_QUESTIONS: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_REPLIES: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode(message: Question | Reply) -> bytes:
    """With its length in front."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Raises MessageError for one that no message has."""
    (length,) = LENGTH.unpack(head)
    if not 0 < length <= LARGEST_BYTES:
        raise MessageError(
            Text(f"长度 {length} 不是测速协议的消息", f"no message has a length of {length}")
        )
    return int(length)


def decode_question(body: bytes) -> Question:
    """Raises MessageError."""
    return _decoded(_QUESTIONS, body)


def decode_reply(body: bytes) -> Reply:
    """Raises MessageError."""
    return _decoded(_REPLIES, body)


def _decoded(decoder: msgspec.msgpack.Decoder[M], body: bytes) -> M:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise MessageError(Text(f"不是测速协议的消息：{exc}", f"not a message: {exc}")) from exc


def knock(session: int) -> bytes:
    return _KNOCK.pack(_KNOCK_MAGIC, VERSION, session).ljust(KNOCK_BYTES, b"\0")


def session_of_knock(data: bytes) -> int | None:
    """None for what is no knock."""
    if len(data) != KNOCK_BYTES:
        return None
    magic, version, session = _KNOCK.unpack_from(data)
    return int(session) if (magic, version) == (_KNOCK_MAGIC, VERSION) else None


def answer(session: int, secret: bytes) -> bytes:
    """To a knock; shorter than it."""
    return _KNOCK.pack(_ANSWER_MAGIC, VERSION, session) + secret


def secret_of_answer(data: bytes, session: int) -> bytes | None:
    """None for what is no answer to a knock of that session."""
    if len(data) != _KNOCK.size + SECRET_BYTES:
        return None
    if _KNOCK.unpack_from(data) != (_ANSWER_MAGIC, VERSION, session):
        return None
    return data[_KNOCK.size :]
