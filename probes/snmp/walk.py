"""Walking several columns of a table together (GETBULK), as a state that needs no network.

Columns may have gaps: each goes on from where it stands. What a device must not do ends the walk,
with the reason: a walk of a faulty device would have no end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from probes.snmp.answer import Table
from probes.snmp.pdu import DENIED, NO_SUCH_NAME, TOO_BIG, Absent, Response
from probes.snmp.reasons import BAD_ANSWER, ENDLESS_WALK, NO_ACCESS, TOO_LARGE
from probes.snmp.values import Oid, Value

VALUES_AT_ONCE = 64
"""Values asked for in one request: with short values that fills a frame, and spares switches that
cannot fragment. A device that has room for fewer sends fewer."""


@dataclass(slots=True)
class _Column:
    name: str
    prefix: Oid
    last: Oid
    """The identifier from which it goes on."""


@dataclass(slots=True)
class Walk:
    """Of one table: ask for `request()`, give the response to `take()`, until it is `over`."""

    columns: Mapping[str, Oid]
    most_rows: int
    end: str = ""
    _open: list[_Column] = field(default_factory=list)
    _asked: list[_Column] = field(default_factory=list)
    _budget: int = VALUES_AT_ONCE
    _rows: dict[Oid, dict[str, Value]] = field(default_factory=dict)
    _at: dict[Oid, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open = [_Column(name, prefix, prefix) for name, prefix in self.columns.items()]

    @property
    def over(self) -> bool:
        return not self._open

    def stop(self, reason: str) -> None:
        """It ends before the table does."""
        self.end = self.end or reason
        self._open = []

    def request(self) -> tuple[list[Oid], int]:
        """Identifiers and repetitions. What fits no request waits for the next."""
        self._asked = self._open[: self._budget]
        return [column.last for column in self._asked], max(1, self._budget // len(self._asked))

    def take(self, response: Response, at: float) -> None:
        if response.error:
            self._refused(response)
            return
        if not response.found:
            self.stop(BAD_ANSWER)
            return
        going = list(self._asked)
        for place, (oid, value) in enumerate(response.found):
            column = self._asked[place % len(self._asked)]
            if column in going and not self._goes_on(column, oid, value, at):
                going.remove(column)
        if self._open:
            waiting = [column for column in self._open if column not in self._asked]
            self._open = waiting + going

    def _goes_on(self, column: _Column, oid: Oid, value: Value | Absent, at: float) -> bool:
        """Note one value; False when the column has no more."""
        if isinstance(value, Absent) or oid[: len(column.prefix)] != column.prefix:
            return False
        index = oid[len(column.prefix) :]
        # Some switches have their rows in no order; only one that comes again leads nowhere.
        if column.name in self._rows.get(index, ()):
            self.end = self.end or ENDLESS_WALK
            return False
        column.last = oid
        if index not in self._rows and len(self._rows) >= self.most_rows:
            self.stop(TOO_LARGE)
            return False
        self._rows.setdefault(index, {})[column.name] = value
        self._at[index] = at
        return True

    def _refused(self, response: Response) -> None:
        if response.error == TOO_BIG and self._budget > 1:
            self._budget //= 2
        elif response.error in DENIED:
            self.stop(NO_ACCESS)
        elif not 1 <= response.index <= len(self._asked):
            self.stop(BAD_ANSWER)
        else:
            # Version 1 inside: a column without a successor is an error there.
            self._open.remove(self._asked[response.index - 1])
            if response.error != NO_SUCH_NAME:
                self.end = self.end or BAD_ANSWER

    def table(self) -> Table:
        return Table(dict(sorted(self._rows.items())), self._at, self.end)
