"""Batches of many agents, checked against the catalog and joined column by column.

Whatever arrives within one commit is checked together: per batch only its structure is looked at,
and the numbers are compared in one sweep over all batches. A single look at a faulty batch finds
the row to blame; the others never pay for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.store.arrival import Arrival
from collector.store.sources import Source, Sources
from probes.catalog import AnyProbe, Catalog
from probes.model import COMMON_REASONS, Outcome
from probes.text import Text
from probes.wire import Block, Head, WireError, decode, unpack

MAX_AHEAD_MS = 10 * 60 * 1000
"""A reading this far in the future is refused."""
MAX_AGE_MS = 35 * 24 * 3600 * 1000
"""Older than any spool keeps a batch."""
CLOCK_TOLERANCE_MS = 2000
SERIES_A_DAY = 5000
_DAY_MS = 24 * 3600 * 1000
_LARGEST_HEAD = 256 * 1024
_HEADS_BYTES_KEPT = 32 * 1024 * 1024
_KEYS_SHARED = 200_000
"""Of one probe."""
_NO_BASE = -1
_LARGEST = 1e300  # a bound that every finite measurement is within and infinity is not

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Clock(IntEnum):
    """How a reading's instant is known; stored with it."""

    AGENT = 0
    """The agent's wall clock, which agreed with the collector's within two seconds."""
    CORRECTED = 1
    """The agent's wall clock was wrong; counted back on its boot clock from the receive time."""
    UNKNOWN = 2
    """A boot that was never seen alive: the receive time stands in, and no verdict uses it."""


@dataclass(slots=True, eq=False)
class Columns:
    """Rows of one probe from many batches.

    Attributes:
        source: per block that was joined, the number of its Source.
        rows: per block that was joined, how many rows it has.
        batch: per row, an index into the arrivals that were joined.
        received: per row, when its batch came (see Arrival).
        key: per row, an index into the keys of its source's head.
        status: per row, an index into `statuses(probe)`.
        values: rows x metrics; NaN = absent.
    """

    probe: AnyProbe
    metrics: tuple[str, ...]
    source: Ints
    rows: Ints
    batch: Ints
    received: Ints
    key: NDArray[np.uint16]
    at: Ints
    clock: Bytes
    status: Bytes
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class KnownHead:
    """A block's head that was found in order, and what follows from it.

    Attributes:
        keys: (target, label values) that rows refer to.
        alike: equal for heads of the same probe and metrics, whose columns can be joined.
        status: translates the block's outcome bytes to positions in `statuses(probe)`; 255 = none.
    """

    probe: AnyProbe
    version: int
    keys: tuple[tuple[str, ...], ...]
    metrics: tuple[str, ...]
    status: bytes
    alike: int


class _Part(msgspec.Struct, eq=False, gc=False):
    """A block that will be joined; `place` counts within the arrivals."""

    place: int
    head: KnownHead
    source: int
    block: Block
    status: bytes


_Group = list[_Part]
"""Blocks that have the same columns, before they are joined."""


def statuses(probe: AnyProbe) -> list[tuple[str, str]]:
    """Every (outcome, reason) that a reading of `probe` may bear; the first is plain ok."""
    reasons = sorted({*COMMON_REASONS, *probe.reasons})
    return [
        (Outcome.OK.value, ""),
        *((Outcome.FAILED.value, r) for r in reasons),
        *((Outcome.NOT_RUN.value, r) for r in reasons),
    ]


class _RefusalError(Exception):
    """A block is not what the catalog says; carries the words."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class _Shape:
    """What the catalog says about one probe, in the form in which heads are compared with it."""

    def __init__(self, probe: AnyProbe) -> None:
        self.probe = probe
        self.labels = sorted(probe.labels)
        self._keys: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.bounds = {
            m.name: (
                -_LARGEST if m.minimum is None else m.minimum,
                _LARGEST if m.maximum is None else m.maximum,
            )
            for m in probe.measures
        }
        self.status = {pair: i for i, pair in enumerate(statuses(probe))}
        self.first_not_run = 1 + (len(self.status) - 1) // 2

    def accept(self, head: Head, alike: int) -> KnownHead:
        """Raises _RefusalError for a metric, label, key or reason that the catalog lacks."""
        if head.labels != self.labels:
            raise _RefusalError(
                f"探测 {head.probe} 的标签应为 {self.labels}，收到 {head.labels}。",
                f"Probe {head.probe} has the labels {self.labels}, not {head.labels}.",
            )
        if any(len(key) != 1 + len(self.labels) for key in head.keys):
            raise _uneven(self.probe, "keys")
        self._check_metrics(head.metrics)
        return KnownHead(
            probe=self.probe,
            version=head.version,
            keys=tuple(self._shared(tuple(key)) for key in head.keys),
            metrics=tuple(head.metrics),
            status=self._status_table(head),
            alike=alike,
        )

    def _shared(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """One object for equal keys: each sweep of a school names the same machines once more."""
        if len(self._keys) >= _KEYS_SHARED:
            self._keys.clear()
        return self._keys.setdefault(key, key)

    def _check_metrics(self, metrics: list[str]) -> None:
        for name in metrics:
            if name not in self.bounds:
                raise _RefusalError(
                    f"探测 {self.probe.name} 没有指标“{name}”。",
                    f"Probe {self.probe.name} has no metric {name!r}.",
                )
        if len(set(metrics)) != len(metrics):
            raise _RefusalError(
                f"探测 {self.probe.name} 的指标重复。",
                f"A metric of probe {self.probe.name} is named twice.",
            )

    def _status_table(self, head: Head) -> bytes:
        table = bytearray(b"\xff" * 256)
        for i, (outcome, reason) in enumerate(head.outcomes[:256]):
            number = self.status.get((outcome, reason))
            if number is None:
                raise _RefusalError(
                    f"探测 {head.probe} 没有声明结果“{outcome}”的原因“{reason}”。",
                    f"Probe {head.probe} declares no reason {reason!r} for {outcome!r}.",
                )
            table[i] = number
        return bytes(table)

    def limits(self, metrics: tuple[str, ...]) -> tuple[Floats, Floats]:
        """The lowest and highest permitted values of `metrics`."""
        pairs = [self.bounds[m] for m in metrics]
        return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])


def _check_speaker(arrival: Arrival, heads: Sequence[KnownHead]) -> None:
    """Raises _RefusalError for readings that are not this agent's to send."""
    for name in {head.probe.name for head in heads} & arrival.barred:
        raise _RefusalError(
            f"探测 {name} 的读数只收网关或哨兵角色的；请用 token create --role sentinel 注册。",
            f"Readings of {name} are taken from gateways and sentinels alone; enrol with "
            "token create --role sentinel.",
        )


def _uneven(probe: AnyProbe, column: str) -> _RefusalError:
    return _RefusalError(
        f"探测 {probe.name} 的列 {column} 长度或编号与行数不符。",
        f"Probe {probe.name}: column {column} does not fit the number of rows.",
    )


class Joiner:
    """Checks and joins. Remembers heads that it found in order; nothing about any agent."""

    def __init__(self, catalog: Catalog) -> None:
        self.sources = Sources()
        self._shapes = {name: _Shape(probe) for name, probe in catalog.items()}
        self._heads: dict[bytes, KnownHead] = {}
        self._heads_bytes = 0
        self._alike: dict[tuple[str, tuple[str, ...]], int] = {}
        self._budget = _SeriesBudget()

    def join(self, arrivals: Sequence[Arrival]) -> list[Columns]:
        """Columns of all arrivals without a fault; sets `rows`, and `fault` where there is one.

        Columns' `batch` counts within `arrivals` as given. Whatever an agent sends, nothing is
        raised: content must never make a push fail for ever, so what cannot be checked is refused.
        """
        try:
            return self._join(arrivals)
        except Exception:
            log.exception("checking %d batches failed; checking them one by one", len(arrivals))
        for arrival in arrivals:
            try:
                self._join([arrival])
            except Exception:
                log.exception("batch %d of agent %s cannot be checked", arrival.seq, arrival.agent)
                arrival.fault = _UNCHECKABLE
        return self._join(arrivals)

    def _join(self, arrivals: Sequence[Arrival]) -> list[Columns]:
        received = np.array([a.received for a in arrivals], "i8")
        base = np.array([_NO_BASE if a.base is None else a.base for a in arrivals], "i8")
        while True:
            groups = self._groups(arrivals)
            joined = [_joined(group, received, base) for group in groups]
            # Every group is looked at: one pass names all the batches that are at fault.
            found = [self._blame(c, g, arrivals) for c, g in zip(joined, groups, strict=True)]
            if not any(found):
                return joined

    def _groups(self, arrivals: Sequence[Arrival]) -> list[_Group]:
        groups: dict[tuple[int, bool], _Group] = {}
        for index, arrival in enumerate(arrivals):
            if arrival.fault is not None:
                continue
            try:
                blocks = unpack(arrival.body)
                heads = [self._heads.get(b.head) or self._learn(b.head) for b in blocks]
                sources = self._numbers(arrival, heads)
                statuses = [self._status(b, h) for b, h in zip(blocks, heads, strict=True)]
            except (WireError, _RefusalError) as exc:
                arrival.fault = exc.text
                continue
            if not blocks:
                arrival.fault = _EMPTY
                continue
            arrival.rows = 0
            for block, head, source, status in zip(blocks, heads, sources, statuses, strict=True):
                arrival.rows += len(status)
                name = (head.alike, bool(block.up))
                group = groups.get(name)
                if group is None:
                    group = groups[name] = []
                group.append(_Part(index, head, source, block, status))
        return list(groups.values())

    def _numbers(self, arrival: Arrival, heads: Sequence[KnownHead]) -> list[int]:
        """Of the sources; raises _RefusalError if new heads bring the agent above its budget."""
        known = self.sources.known(arrival.agent, arrival.school)
        try:
            return [known[head] for head in heads]
        except KeyError:
            _check_speaker(arrival, heads)
            self._budget.spend(arrival, heads)
            named = [Source(arrival.agent, arrival.school, head) for head in heads]
            return [self.sources.number(source) for source in named]

    def _status(self, block: Block, head: KnownHead) -> bytes:
        """Per row, an index into `statuses(probe)`; raises _RefusalError for uneven columns."""
        rows = len(block.at) // 8
        if not rows or len(block.at) != 8 * rows:
            raise _uneven(head.probe, "at")
        if len(block.key) != 2 * rows or len(head.keys) > rows:
            raise _uneven(head.probe, "key")
        if len(block.values) != 8 * rows * len(head.metrics):
            raise _uneven(head.probe, "values")
        if block.up and len(block.up) != 8 * rows:
            raise _uneven(head.probe, "up")
        if not block.outcome:
            return bytes(rows)
        status = block.outcome.translate(head.status)
        if len(status) != rows or 0xFF in status:
            raise _uneven(head.probe, "outcome")
        return status

    def _learn(self, packed: bytes) -> KnownHead:
        if len(packed) > _LARGEST_HEAD:
            raise _RefusalError(
                f"数据块的说明超过 {_LARGEST_HEAD} 字节。",
                f"The head of a block is larger than {_LARGEST_HEAD} bytes.",
            )
        head = decode(packed, Head)
        shape = self._shapes.get(head.probe)
        if shape is None:
            raise _RefusalError(
                f"没有名为“{head.probe}”的探测。", f"There is no probe {head.probe!r}."
            )
        columns = (head.probe, tuple(head.metrics))
        known = shape.accept(head, self._alike.get(columns, len(self._alike)))
        self._alike[columns] = known.alike
        self._heads_bytes += len(packed)
        if self._heads_bytes > _HEADS_BYTES_KEPT:
            self._heads.clear()
            self._heads_bytes = len(packed)
        self._heads[packed] = known
        return known

    def _blame(self, columns: Columns, group: _Group, arrivals: Sequence[Arrival]) -> bool:
        """Whether a row is out of bounds; sets the fault of each batch that has one."""
        reject = partial(_reject, columns, arrivals)
        low, high = self._shapes[columns.probe.name].limits(columns.metrics)
        values = columns.values
        wrong = (values < low) | (values > high)
        found = False
        if wrong.any():
            found = reject(wrong.any(axis=1), partial(_out_of_bounds, columns, wrong))
        known = np.repeat(np.array([len(part.head.keys) for part in group]), columns.rows)
        if (unknown := columns.key >= known).any():
            found |= reject(unknown, lambda _: _no_such_key(columns))
        if (ahead := columns.at > columns.received + MAX_AHEAD_MS).any():
            found |= reject(ahead, lambda _: _FUTURE)
        if (old := columns.at < columns.received - MAX_AGE_MS).any():
            found |= reject(old, lambda _: _TOO_OLD)
        if (valued := self._values_of_not_run(columns)).any():
            found |= reject(valued, lambda _: _NOT_RUN_VALUES)
        return found

    def _values_of_not_run(self, columns: Columns) -> NDArray[np.bool_]:
        not_run = columns.status >= self._shapes[columns.probe.name].first_not_run
        if not_run.any():
            not_run &= np.logical_or.reduce(~np.isnan(columns.values), axis=1)
        return not_run


def _joined(group: _Group, received: Ints, base: Ints) -> Columns:
    """`received` and `base` are those of the arrivals."""
    head = group[0].head
    blocks = [part.block for part in group]
    status = [part.status for part in group]
    rows = np.array([len(each) for each in status])
    batch = np.repeat(np.array([part.place for part in group]), rows)
    received = received[batch]
    at, clock = _instants(blocks, received, base[batch])
    return Columns(
        probe=head.probe,
        metrics=head.metrics,
        source=np.array([part.source for part in group]),
        rows=rows,
        batch=batch,
        received=received,
        key=np.frombuffer(b"".join([b.key for b in blocks]), "<u2"),
        at=at,
        clock=clock,
        status=np.frombuffer(b"".join(status), "u1"),
        values=np.frombuffer(b"".join([b.values for b in blocks]), "<f8").reshape(
            len(batch), len(head.metrics)
        ),
    )


class _SeriesBudget:
    """How many series an agent may name a day: names that grow without end would fill the memory.

    A sentinel names the whole school, and every device there that moves is a new series. It has the
    budget for each probe, so that a flood of made-up machines in one keeps none of the others out.
    """

    def __init__(self) -> None:
        self._day = 0
        self._series: dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = {}

    def spend(self, arrival: Arrival, heads: Sequence[KnownHead]) -> None:
        """Raises _RefusalError if the heads bring the agent above its budget."""
        day = arrival.received // _DAY_MS
        if day > self._day:
            self._day, self._series = day, {}
        named: dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = {}
        for head in heads:
            place = arrival.agent, "" if arrival.barred else head.probe.name
            after = named.setdefault(place, set(self._series.get(place, ())))
            after.update((head.probe.name, key) for key in head.keys)
            if len(after) > SERIES_A_DAY:
                raise _RefusalError(
                    f"此代理程序一天内的序列将超过 {SERIES_A_DAY} 条；目标或标签的取值太多。",
                    f"This agent would have more than {SERIES_A_DAY} series in a day; its targets "
                    "or labels take too many values.",
                )
        self._series |= named


def _reject(
    columns: Columns, arrivals: Sequence[Arrival], rows: Any, words: Callable[[int], Text]
) -> bool:
    """Give each batch that has one of `rows` its fault, in the words for its own first row."""
    first: dict[int, int] = {}
    for row in np.flatnonzero(rows).tolist():
        first.setdefault(int(columns.batch[row]), row)
    for place, row in first.items():
        arrivals[place].fault = words(row)
    return True


_EMPTY = Text("批次中没有读数。", "The batch holds no readings.")
_UNCHECKABLE = Text(
    "采集器无法检查这批数据，已记入日志。",
    "The collector could not check this batch; its log says more.",
)
_FUTURE = Text(
    "读数时间比采集器的时钟超前十分钟以上；请校准时钟。",
    "A reading is more than ten minutes in the future; set the clock.",
)
_TOO_OLD = Text("读数早于 35 天，不再接收。", "A reading is older than 35 days.")
_NOT_RUN_VALUES = Text(
    "未运行（not_run）的读数不能带数值。", "A reading that did not run cannot have values."
)


def _no_such_key(columns: Columns) -> Text:
    return Text(
        f"探测 {columns.probe.name} 的列 key 指向不存在的键。",
        f"Probe {columns.probe.name}: column key points at no key.",
    )


def _out_of_bounds(columns: Columns, wrong: NDArray[np.bool_], row: int) -> Text:
    column = int(np.flatnonzero(wrong[row])[0])
    name, value = columns.metrics[column], columns.values[row, column]
    return Text(
        f"{columns.probe.name}.{name} 的值 {value:g} 不在允许范围内。",
        f"{columns.probe.name}.{name}: {value:g} is outside its bounds.",
    )


def _instants(blocks: Sequence[Block], received: Ints, base: Ints) -> tuple[Ints, Bytes]:
    """Corrected instants (UTC ms) and how each is known; `received` and `base` are per row."""
    wall = np.frombuffer(b"".join([b.at for b in blocks]), "<i8")
    if not blocks[0].up:
        return wall, np.zeros(len(wall), "u1")
    up = np.frombuffer(b"".join([b.up for b in blocks]), "<i8")
    derived = up + base
    trusted = np.abs(wall - derived) <= CLOCK_TOLERANCE_MS
    clock = np.where(trusted, Clock.AGENT, Clock.CORRECTED).astype("u1")
    at = np.where(trusted, wall, derived)
    if (lost := base == _NO_BASE).any():
        at = np.where(lost, received, at)
        clock[lost] = Clock.UNKNOWN
    return at, clock
