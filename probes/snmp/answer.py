"""What is wanted of a device, and what it answered; both as values and as JSON.

Light: the agent and the process that does the talking both read this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from probes.snmp.values import Oid, Value, dotted, oid

Row = Mapping[str, Value]
"""Column -> value. A column that the device does not have for this row is absent."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a device, by names of the caller's choice.

    Attributes:
        scalars: name -> object identifier, with the final .0.
        tables: table -> column -> object identifier of the column. Columns of one table share
            their index; they are walked together, in as few requests as possible.
        most_rows: of one table; a longer one ends there, as `too_large`.
    """

    scalars: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    most_rows: int = 4096


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order of their index.

    Attributes:
        rows: index (what follows the column's object identifier) -> row.
        at: index -> when the last value of that row came, in seconds of `time.monotonic`.
        end: why the walk ended before the table did (a key of TABLE_REASONS or DEVICE_REASONS);
            empty = the rows are all there are.
    """

    rows: Mapping[Oid, Row] = field(default_factory=dict)
    at: Mapping[Oid, float] = field(default_factory=dict)
    end: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one device answered.

    Attributes:
        reason: why it told nothing at all (a key of DEVICE_REASONS, or a common reason); empty =
            it answered, and what is missing below, it does not have.
        scalars: those that it has.
        at: when the scalars came, in seconds of `time.monotonic`.
        tables: every table that was wanted, perhaps without rows.
        seconds: from a request to its answer, of the first request that was answered at once.
        boots, engine_time: how often its SNMP engine started, and seconds since; None without v3.
    """

    reason: str = ""
    scalars: Mapping[str, Value] = field(default_factory=dict)
    at: float = 0.0
    tables: Mapping[str, Table] = field(default_factory=dict)
    seconds: float | None = None
    boots: int | None = None
    engine_time: int | None = None


def wanted_as_json(wanted: Wanted) -> dict[str, Any]:
    return asdict(wanted)


def answer_as_json(answer: Answer) -> dict[str, Any]:
    tables = {name: _table_as_json(table) for name, table in answer.tables.items()}
    scalars = {name: _plain(value) for name, value in answer.scalars.items()}
    return {
        "reason": answer.reason, "scalars": scalars, "at": answer.at, "tables": tables,
        "seconds": answer.seconds, "boots": answer.boots, "engine_time": answer.engine_time,
    }  # fmt: skip


def answer_from_json(data: Mapping[str, Any]) -> Answer:
    return Answer(
        reason=data["reason"],
        scalars={name: _value(plain) for name, plain in data["scalars"].items()},
        at=data["at"],
        tables={name: _table(plain) for name, plain in data["tables"].items()},
        seconds=data["seconds"],
        boots=data["boots"],
        engine_time=data["engine_time"],
    )


def _table_as_json(table: Table) -> dict[str, Any]:
    rows = [
        [dotted(index), table.at[index], {name: _plain(value) for name, value in row.items()}]
        for index, row in table.rows.items()
    ]
    return {"rows": rows, "end": table.end}


def _table(data: Mapping[str, Any]) -> Table:
    rows: dict[Oid, Row] = {}
    at: dict[Oid, float] = {}
    for index, seen, row in data["rows"]:
        key = oid(index)
        rows[key] = {name: _value(plain) for name, plain in row.items()}
        at[key] = seen
    return Table(rows, at, data["end"])


def _plain(value: Value) -> int | str | list[int]:
    """Octets as hexadecimal text, an object identifier as a list."""
    if isinstance(value, int):
        return value
    return value.hex() if isinstance(value, bytes) else list(value)


def _value(plain: int | str | list[int]) -> Value:
    if isinstance(plain, int):
        return plain
    return bytes.fromhex(plain) if isinstance(plain, str) else tuple(plain)
