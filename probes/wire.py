"""Wire format, version 1: what an agent and a collector say to each other.

A push is msgpack or JSON of the same structures. Inside a batch, readings travel as one block of
columns per probe: numbers are packed little-endian arrays, so that a collector reads thousands of
agents without touching single values. A script that cannot pack sends plain `readings` instead.
docs/wire.md is the page for people who write another client; its examples are test vectors.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from math import isfinite, isnan, nan
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from probes.model import Metric
from probes.text import BanjunError, Text

VERSION = 1
MSGPACK = "application/msgpack"
JSON = "application/json"

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Of a push after inflation; the collector's reader stops there."""
MAX_BATCH_BYTES = 1024 * 1024
MAX_BATCHES = 16
MAX_READINGS = 5000
"""In one batch of plain readings."""

T = TypeVar("T")

Decoder = msgspec.msgpack.Decoder[T] | msgspec.json.Decoder[T]

Name = Annotated[str, Meta(max_length=128)]
Value = Annotated[str, Meta(max_length=256)]
SessionId = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[0-9A-Za-z._-]+$")]
Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]
ProbeVersion = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Short = Annotated[str, Meta(max_length=1000)]


AgentState = Annotated[dict[Name, Short | float | int | bool | None], Meta(max_length=100)]
"""What an agent says of itself: figures and short words, by name."""


class WireError(BanjunError):
    """Bytes that are not this format; the text says where they stop being it."""


class Record(msgspec.Struct, omit_defaults=True, gc=False):
    """One reading with its circumstances: what the spool keeps and what plain `readings` are.

    `at` is the wall clock and `up` the boot clock of the machine, both in milliseconds; `up` is
    absent for a client that has no boot clock, and its wall clock must then be right.
    """

    probe: Name
    at: Milliseconds
    values: dict[Name, float]
    up: Milliseconds | None = None
    target: Value = "local"
    labels: dict[Name, Value] = {}
    outcome: Literal["ok", "failed", "not_run"] = "ok"
    reason: Name = ""
    version: ProbeVersion = 1


class Head(msgspec.Struct, omit_defaults=True, gc=False):
    """What the columns of a block are; the same bytes in every batch of an agent that is unchanged.

    It travels packed on its own, so that a receiver recognises it by its bytes and checks it once.

    Attributes:
        keys: distinct (target, label values in the order of `labels`).
        outcomes: distinct (outcome, reason) pairs; empty = every row is ok.
    """

    probe: Name
    version: ProbeVersion
    labels: list[Name]
    keys: list[list[Value]]
    metrics: list[Name]
    outcomes: Annotated[
        list[tuple[Literal["ok", "failed", "not_run"], Name]], Meta(max_length=255)
    ] = []


class Block(msgspec.Struct, array_like=True, gc=False):
    """Readings of one probe as columns; n = len(at) / 8 rows. All numbers are little-endian.

    Attributes:
        head: a packed Head.
        key: uint16 per row, an index into the head's `keys`.
        at, up: int64 per row, milliseconds (see Record); `up` is empty when there is no boot clock.
        outcome: uint8 per row, an index into the head's `outcomes`; empty = all ok.
        values: float64 per row and metric, all metrics of the first row first; NaN = absent.
    """

    head: bytes
    key: bytes
    at: bytes
    up: bytes
    outcome: bytes
    values: bytes


class Batch(msgspec.Struct, omit_defaults=True, gc=False):
    """Readings that were sealed together and never change: `body` (packed) or `readings` (plain).

    (agent, session, seq) identifies it; `sha256` is that of `body`, and guards it on the way.
    """

    session: SessionId
    seq: Annotated[int, Meta(ge=0, le=2**53)]
    boot: Name = ""
    sha256: bytes = b""
    body: bytes = b""
    readings: Annotated[list[Record], Meta(max_length=MAX_READINGS)] = []


class Gap(msgspec.Struct, omit_defaults=True, gc=False):
    """Readings that are lost for good, from `since` to `until` (wall clock, ms), and why."""

    since: Milliseconds
    until: Milliseconds
    count: Annotated[int, Meta(ge=0, le=2**53)]
    reason: Name
    id: Name = ""


class Push(msgspec.Struct, omit_defaults=True, gc=False):
    """What an agent sends to /v1/push: its state now, and the oldest batches that it still holds.

    Attributes:
        session: the running process; random at each start, never reused.
        boot, up, wall: the boot id, its clock and the wall clock when this was sent (ms).
        echo: the last nonce that this process received.
        state: the agent's own figures (spool depth, drops, last error); latest wins, not queued.
        config: the revision of the configuration in force.
    """

    v: int
    school: Name
    session: SessionId
    wall: Milliseconds
    boot: Name = ""
    up: Milliseconds | None = None
    echo: Value = ""
    state: AgentState = {}
    gaps: Annotated[list[Gap], Meta(max_length=100)] = []
    config: Name = ""
    batches: Annotated[list[Batch], Meta(max_length=MAX_BATCHES)] = []


class Ack(msgspec.Struct, omit_defaults=True, gc=False):
    """`stored` and `duplicate`: delete it. `rejected`: set it aside; resending cannot help."""

    session: str
    seq: int
    result: Literal["stored", "duplicate", "rejected"]
    why: str = ""
    why_zh: str = ""


class PushReply(msgspec.Struct, omit_defaults=True, gc=False):
    """The collector's answer. `now` is its clock (ms); `config` the revision it wants in force.

    Attributes:
        generation: changes when the collector was restored from a backup.
        credit: how many batches the next push may carry.
        gaps: ids of the gap records that are now kept.
        leases: name -> {epoch, until_seconds}, counted on the agent's monotonic clock.
    """

    v: int
    now: int
    nonce: str
    generation: str
    config: str
    acks: list[Ack] = []
    credit: int = MAX_BATCHES
    gaps: list[str] = []
    leases: dict[str, dict[str, float]] = {}


class EnrolRequest(msgspec.Struct, omit_defaults=True):
    """`nonce` is random and on disk before the request, so that a lost answer costs nothing."""

    v: int
    token: Value
    nonce: SessionId
    hostname: Value = ""
    system: Value = ""
    version: Value = ""


class EnrolReply(msgspec.Struct):
    """The identity: `key` is 256 random bits in hex; the collector keeps only its hash."""

    v: int
    agent: str
    key: str
    school: str
    school_name: str
    role: str


class Task(msgspec.Struct, omit_defaults=True):
    """One line of an agent's schedule: run `probe` against `host` each `every` seconds.

    `lease`: only the agent that holds it runs the task, such as `sentinel`.
    """

    probe: Name
    every: Annotated[float, Meta(ge=1, le=86_400)]
    target: Value = "local"
    host: Value = ""
    port: int | None = None
    settings: dict[str, Any] = {}
    lease: Name = ""

    def __repr__(self) -> str:
        """Without the values of settings: they may be secrets, and this goes into logs."""
        shown = ", ".join(self.settings)
        return (
            f"Task({self.probe!r}, {self.every:g}, {self.target!r}, {self.host!r}, {self.port!r}, "
            f"settings={{{shown}}}, lease={self.lease!r})"
        )


class WirePeriod(msgspec.Struct):
    """A stretch of the school's timetable, in ms; times outside every period are `off`."""

    since: int
    until: int
    kind: Literal["lesson", "break", "school_day"]


class AgentConfig(msgspec.Struct, omit_defaults=True):
    """What the collector asks of an agent. `revision` changes when anything else does; it is keyed,
    so that it gives away no secret in `tasks`."""

    v: int
    revision: str
    role: str
    push_every: Annotated[float, Meta(ge=1, le=3600)]
    seal_every: Annotated[float, Meta(ge=1, le=3600)]
    tasks: list[Task]
    periods: list[WirePeriod] = []


class MeasureRequest(msgspec.Struct, omit_defaults=True):
    """What an agent sends to /v1/measure before it loads a line: see probes.measuring.permit.

    Attributes:
        line: the name of the line, as the task's target has it.
        tier: the dearest that it would use.
        bits_per_second: what it expects the line to carry; absent if it has no idea yet.
    """

    v: int
    line: Value
    tier: Literal["t1", "t2"]
    bits_per_second: Annotated[float, Meta(gt=0, le=1e13)] | None = None


class MeasureReply(msgspec.Struct, omit_defaults=True):
    """Leave to measure once. The measurement server is where the agent pushes to, without `host`.

    Attributes:
        tier: the dearest that is allowed now; not above what was asked for.
        most_bytes: IP bytes of all tiers and both directions together.
        bits_per_second: what the server has set aside.
        seconds: the leave ends then, counted from the question.
    """

    v: int
    id: Name
    port: Annotated[int, Meta(ge=1, le=65535)]
    token: Annotated[str, Meta(max_length=1000)]
    tier: Literal["t1", "t2"]
    most_bytes: Annotated[int, Meta(gt=0, le=2**53)]
    bits_per_second: Annotated[float, Meta(gt=0, le=1e13)]
    seconds: Annotated[float, Meta(gt=0, le=3600)]
    host: Value = ""


class MeasureDone(msgspec.Struct):
    """What an agent sends to /v1/measure/done: the measurement has ended, having spent so much."""

    v: int
    id: Name
    spent_bytes: Annotated[int, Meta(ge=0, le=2**53)]


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of every answer that is not a success. `reason`: a code for programs, where the
    agent may do something about it."""

    error: str
    error_zh: str
    reason: Name = ""


def encode(message: msgspec.Struct, content_type: str = MSGPACK) -> bytes:
    if content_type == JSON:
        return msgspec.json.encode(message)
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[T], content_type: str = MSGPACK) -> T:
    """Raises WireError if `data` is not a `kind`."""
    try:
        found: T = _decoder(cast(Hashable, kind), content_type).decode(data)
        return found
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _not_wire(exc) from exc


@cache
def _decoder(kind: Any, content_type: str) -> Decoder[Any]:
    """Making one costs as much as decoding a push."""
    if content_type == JSON:
        return msgspec.json.Decoder(kind)
    return msgspec.msgpack.Decoder(kind)


def _not_wire(exc: Exception) -> WireError:
    return WireError(Text(f"内容无法按协议第 1 版解析：{exc}", f"This is not wire format 1: {exc}"))


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def round_to(value: float, resolution: float) -> float:
    """`value` at the metric's resolution, as the decimal number that a person would write."""
    exact = value / resolution
    if not isfinite(exact):  # beyond what a double can count in such small steps
        return value
    steps = round(exact)
    if resolution >= 1:
        return float(steps * round(resolution))
    return steps / round(1 / resolution)


def pack(records: Iterable[Record], resolutions: Mapping[str, Mapping[str, Metric]]) -> bytes:
    """The body of a batch: a list of blocks, one per (probe, version), in order of first sight.

    `resolutions` gives each probe's metrics by name; a value of an unknown metric is sent as it is.
    """
    groups: dict[tuple[str, int, bool], list[Record]] = {}
    for record in records:
        groups.setdefault((record.probe, record.version, record.up is not None), []).append(record)
    blocks = [
        _block(probe, version, rows, resolutions.get(probe, {}))
        for (probe, version, _), rows in groups.items()
    ]
    return msgspec.msgpack.encode(blocks)


def _block(
    probe: str, version: int, rows: Sequence[Record], metrics: Mapping[str, Metric]
) -> Block:
    labels = sorted({name for row in rows for name in row.labels})
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    keys = _Distinct()
    outcomes = _Distinct()
    key = [keys.index((row.target, *(row.labels.get(n, "") for n in labels))) for row in rows]
    outcome = [outcomes.index((row.outcome, row.reason)) for row in rows]
    all_ok = outcomes.seen == {("ok", ""): 0}
    head = Head(
        probe=probe,
        version=version,
        labels=labels,
        keys=[list(k) for k in keys.seen],
        metrics=names,
        outcomes=[] if all_ok else [(o, r) for o, r in outcomes.seen],
    )
    return Block(
        head=msgspec.msgpack.encode(head),
        key=_packed("H", key),
        at=_packed("q", [row.at for row in rows]),
        up=_packed("q", [row.up for row in rows]) if rows[0].up is not None else b"",
        outcome=b"" if all_ok else bytes(outcome),
        values=_packed(
            "d", [_rounded(row.values.get(n), metrics.get(n)) for row in rows for n in names]
        ),
    )


class _Distinct:
    """Numbers things in order of first sight."""

    def __init__(self) -> None:
        self.seen: dict[Any, int] = {}

    def index(self, thing: Any) -> int:
        return self.seen.setdefault(thing, len(self.seen))


def _rounded(value: float | None, metric: Metric | None) -> float:
    if value is None:
        return nan
    if metric is None or not isfinite(value):
        return value
    return round_to(value, metric.resolution)


def _packed(kind: str, numbers: Sequence[Any]) -> bytes:
    column = array(kind, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


_BLOCKS = msgspec.msgpack.Decoder(list[Block])


def unpack(body: bytes) -> list[Block]:
    """The blocks of a batch's body; raises WireError. Lengths and names are not checked yet."""
    try:
        return _BLOCKS.decode(body)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise _not_wire(exc) from exc


def records(blocks: Iterable[Block]) -> list[Record]:
    """The readings of well-formed blocks, one by one; the slow and readable way."""
    return [record for block in blocks for record in _rows(block)]


def _rows(block: Block) -> Iterable[Record]:
    head = decode(block.head, Head)
    at, up = _unpacked("q", block.at), _unpacked("q", block.up)
    key, columns = _unpacked("H", block.key), _unpacked("d", block.values)
    width = len(head.metrics)
    for i in range(len(at)):
        target, *label_values = head.keys[key[i]]
        outcome, reason = head.outcomes[block.outcome[i]] if block.outcome else ("ok", "")
        values = zip(head.metrics, columns[i * width : (i + 1) * width], strict=True)
        yield Record(
            probe=head.probe,
            version=head.version,
            target=target,
            labels=dict(zip(head.labels, label_values, strict=True)),
            at=at[i],
            up=up[i] if up else None,
            outcome=outcome,
            reason=reason,
            values={name: value for name, value in values if not isnan(value)},
        )


def _unpacked(kind: str, data: bytes) -> array[Any]:
    column: array[Any] = array(kind)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column
