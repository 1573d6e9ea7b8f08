"""Reads policies/coverage.toml: every row of the plans, and where it is answered or why it is not.

A row without an answer, or with one that names nothing that exists, is a PolicyError.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml, refuse_twins
from probes.text import Text

COVERAGE = "coverage.toml"


class AnswerKind(StrEnum):
    """What can answer a row."""

    DUTY = "duty"
    ATTEST = "attest"
    INDICATOR = "indicator"
    TARGET = "target"
    PROBE = "probe"
    REGISTER = "register"
    COMMAND = "command"
    BOARD = "board"
    GUIDE = "guide"


Existing = Mapping[AnswerKind, Collection[str]]
"""What there is of each kind."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a plan.

    Attributes:
        id: `S2-19`: the plan, and the number of the row.
        by: what answers it; empty when it is planned or out of scope.
        planned: numbers of the work that will answer it, or answer it better.
        out: why it is out of scope.
        note: what the answer leaves open.
    """

    id: str
    says: Text
    by: tuple[tuple[AnswerKind, str], ...]
    planned: tuple[int, ...]
    out: Text | None
    note: Text | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with its rows, all of them."""

    id: str
    document: str
    place: Text
    rows: tuple[Row, ...]


def load_coverage(existing: Existing, folder: PolicyFolder = POLICY_FOLDER) -> tuple[Plan, ...]:
    """Every plan with all its rows. Raises PolicyError naming file, row and what is missing."""
    path = folder / COVERAGE
    with Table(read_toml(path), name_of(path)) as top:
        planned = tuple(top.items("planned"))
        rows = [_row(table, existing, planned) for table in top.tables("row")]
        refuse_twins((row.id for row in rows), lambda id: _twice(top, id))
        plans = tuple(_plan(table, rows) for table in top.tables("plan"))
        known = {row.id for plan in plans for row in plan.rows}
        for row in rows:
            if row.id not in known:
                raise top.error("row", f"没有哪个规划有 {row.id}", f"no plan has a row {row.id}")
        return plans


def _plan(table: Table, rows: Collection[Row]) -> Plan:
    with table:
        id, count = table.text("id"), table.integer("rows")
        by_id = {row.id: row for row in rows}
        wanted = [f"{id}-{n:02}" for n in range(1, count + 1)]
        for missing in (w for w in wanted if w not in by_id):
            raise table.error(
                "rows",
                f"缺少 {missing}；加一段 [[row]]，写明由什么答复或为什么不在范围内",
                f"{missing} is missing; add a [[row]] that says what answers it, or why it is out "
                "of scope",
            )
        return Plan(
            id=id,
            document=table.text("document"),
            place=table.bilingual("place"),
            rows=tuple(by_id[w] for w in wanted),
        )


def _row(table: Table, existing: Existing, planned: Collection[int]) -> Row:
    with table:
        id = table.text("id")
        by, later = _answers(table, id, existing, planned)
        out = table.bilingual("out") if table.has("out") else None
        if bool(by or later) == (out is not None):
            raise table.error(
                "by",
                f"{id} 应有一个答复：由什么答复（by），或为什么不在范围内（out）",
                f"{id} wants one answer: what answers it (by), or why it is out of scope (out)",
            )
        return Row(
            id=id,
            says=table.bilingual("says"),
            by=by,
            planned=later,
            out=out,
            note=table.bilingual("note") if table.has("note") else None,
        )


def _answers(
    row: Table, id: str, existing: Existing, planned: Collection[int]
) -> tuple[tuple[tuple[AnswerKind, str], ...], tuple[int, ...]]:
    if not row.has("by"):
        return (), ()
    with row.table("by") as table:
        found = [
            (kind, _existing(table, id, kind, name, existing[kind]))
            for kind in AnswerKind
            for name in table.words(kind, ())
        ]
        later = tuple(table.items("planned", []))
        for number in later:
            if number not in planned:
                raise table.error(
                    "planned", f"{id}：{number} 不在计划中", f"{id}: {number} is not planned"
                )
        return tuple(found), later


def _existing(table: Table, id: str, kind: AnswerKind, name: str, there: Collection[str]) -> str:
    if name in there:
        return name
    near = ", ".join(get_close_matches(name, there)) or "-"
    raise table.error(
        kind,
        f"{id}：“{name}”不存在；相近的有：{near}",
        f"{id}: there is no {name!r}; near: {near}",
    )


def _twice(top: Table, id: str) -> Text:
    where = top.path("row")
    return Text(f"{where}：{id} 出现两次。", f"{where}: {id} is there twice.")
