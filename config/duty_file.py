"""Reads policies/duties/*.toml; a wrong key, unit, fact or indicator is a PolicyError."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

from config.demand_file import read_applies, read_bound, read_share
from config.duty import (
    DUTY_KINDS,
    Attest,
    Check,
    Duty,
    DutyKind,
    FactCheck,
    IndicatorCheck,
    Period,
)
from config.policy import ORIGINS, Citation, Operator, Quantity, Verification
from config.policy_folder import DUTIES, PolicyFolder, name_of
from config.strict import Table, read_toml, revision_of
from probes.model import Role, Unit
from probes.text import Text

_ID = re.compile(r"[a-z0-9_]+(?:[.-][a-z0-9_]+)*")
_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_EVERY_MACHINE = frozenset({Role.GATEWAY, Role.PC})
_FRESH_SCHOOL_DAYS = 3
_REMIND_DAYS = (30, 7, 0)


@dataclass(frozen=True, slots=True)
class FactKind:
    """What reading a check needs to know of a metric: its quantity, and its probe's labels."""

    quantity: Quantity
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What checks may name: facts by `probe.metric`, and indicators."""

    facts: Mapping[str, FactKind]
    indicators: Mapping[str, Quantity]


def load_duties(folder: PolicyFolder, known: Known) -> list[tuple[Duty, str]]:
    """Every duty with the name of its file. Raises PolicyError naming file and key."""
    paths = sorted(folder.glob(f"{DUTIES}/*.toml"), key=lambda path: path.name)
    return [(_read(path, known), name_of(path)) for path in paths]


def _read(path: Path, known: Known) -> Duty:
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        levels = read_levels(top)
        duty = Duty(
            id=_id(top),
            kind=cast(DutyKind, top.choice("kind", DUTY_KINDS)),
            title=top.bilingual("title"),
            levels=levels,
            role=_owed(top, "role"),
            cadence=_owed(top, "cadence"),
            deadline=top.bilingual("deadline") if top.has("deadline") else None,
            why=_owed(top, "why"),
            remedy=_owed(top, "remedy"),
            citations=tuple(_citation(row) for row in _sources(top)),
            checks=tuple(_check(row, levels, known) for row in top.tables("check", optional=True)),
            attests=tuple(_attest(row, levels) for row in top.tables("attest", optional=True)),
            applies=read_applies(top),
            revision=revision_of(data),
        )
        _refuse_empty(top, duty)
        _refuse_unmarked(top, duty)
        return duty


_NEXT_STEP: Mapping[str, Text] = {
    "role": Text("写明由哪个岗位负责", "name the post that answers for it"),
    "cadence": Text("写明多久做一次", "say how often it has to be seen to"),
    "why": Text("写明为什么要做", "say why it matters"),
    "remedy": Text("写明没有做到时怎么办", "say what to do when it is not fulfilled"),
    "citation": Text(
        "每项职责都要有出处：加一段 [[citation]]，写明文件、条款和核对程度",
        "every duty needs a source: add a [[citation]] with document, article and how far it was "
        "checked",
    ),
}


def _owed(top: Table, key: str) -> Text:
    """Words that no duty can do without."""
    step = _NEXT_STEP[key]
    if not top.has(key):
        raise top.error(key, f"缺少这个键；{step.zh}", f"this key is missing; {step.en}")
    words = top.bilingual(key)
    if not (words.zh.strip() and words.en.strip()):
        raise top.error(key, f"是空的；{step.zh}", f"is empty; {step.en}")
    return words


def _sources(top: Table) -> list[Table]:
    rows = top.tables("citation", optional=True)
    if not rows:
        raise top.error("citation", _NEXT_STEP["citation"].zh, _NEXT_STEP["citation"].en)
    return rows


def _refuse_empty(top: Table, duty: Duty) -> None:
    if not duty.checks and not duty.attests:
        raise top.error(
            "check",
            "没有检查项也没有签署项，无从知道是否做到",
            "with neither a check nor an attest nothing can be known of it",
        )
    parts = [part.id for part in (*duty.checks, *duty.attests)]
    twins = sorted({part for part in parts if parts.count(part) > 1})
    if twins:
        raise top.error("check", f"编号 {twins[0]} 出现两次", f"the id {twins[0]} is used twice")


_ARTICLE = re.compile(r"第[一二三四五六七八九十百零]+条")
_MARK = Text("待核对", "to be checked")


def _refuse_unmarked(top: Table, duty: Duty) -> None:
    """An article that is named in running text was checked against its full text, or says that it
    was not: there is no column beside it to say so."""
    checked = "".join(c.article for c in duty.citations if c.verified is Verification.PRIMARY)
    for key, words in _texts(duty):
        unsure = [name for name in _ARTICLE.findall(words.zh) if name not in checked]
        if unsure and not (_MARK.zh in words.zh and _MARK.en in words.en):
            raise top.error(
                key,
                f"提到的{unsure[0]}没有核对过原文；在文中注明“{_MARK.zh}”",
                f"names {unsure[0]}, whose text was not checked; say in both languages that it is "
                f"{_MARK.en!r}",
            )


def _texts(duty: Duty) -> Iterator[tuple[str, Text]]:
    yield from (("cadence", duty.cadence), ("why", duty.why), ("remedy", duty.remedy))
    if duty.deadline:
        yield "deadline", duty.deadline
    for attest in duty.attests:
        yield f"attest.{attest.id}", attest.asks
    for check in duty.checks:
        if check.note:
            yield f"check.{check.id}", check.note


def _id(table: Table) -> str:
    text = table.text("id")
    if not _ID.fullmatch(text):
        raise table.error(
            "id", f"“{text}”只能用小写字母、数字和 _ . -", f"{text!r}: use a-z, 0-9 and _ . - only"
        )
    return text


def _check(table: Table, levels: frozenset[int], known: Known) -> Check:
    with table:
        if table.has("indicator"):
            return _indicator_check(table, levels, known)
        return _fact_check(table, levels, known)


def _fact_check(table: Table, levels: frozenset[int], known: Known) -> FactCheck:
    fact = table.choice("fact", known.facts)
    kind = known.facts[fact]
    operator, value, unit = _bound(table, kind.quantity)
    return FactCheck(
        id=_id(table),
        title=table.bilingual("title"),
        fact=fact,
        where=_where(table, kind.labels),
        operator=operator,
        value=value,
        unit=unit,
        share=read_share(table) if table.has("share") else Fraction(1),
        roles=table.roles("roles") if table.has("roles") else _EVERY_MACHINE,
        fresh_school_days=table.integer("fresh_school_days", _FRESH_SCHOOL_DAYS),
        levels=read_levels(table) if table.has("levels") else levels,
        value_origin=table.choice("value_origin", ORIGINS),
        note=table.bilingual("note") if table.has("note") else None,
    )


def _indicator_check(table: Table, levels: frozenset[int], known: Known) -> IndicatorCheck:
    name = table.choice("indicator", known.indicators)
    operator, value, unit = _bound(table, known.indicators[name])
    return IndicatorCheck(
        id=_id(table),
        title=table.bilingual("title"),
        indicator=name,
        operator=operator,
        value=value,
        unit=unit,
        levels=read_levels(table) if table.has("levels") else levels,
        value_origin=table.choice("value_origin", ORIGINS),
        note=table.bilingual("note") if table.has("note") else None,
    )


def _bound(table: Table, quantity: Quantity) -> tuple[Operator, Fraction, Unit]:
    """`holds = true` of a boolean; else operator, value and unit."""
    if quantity.unit is not Unit.BOOLEAN:
        operator, value, _ = read_bound(table, quantity)
        return operator, value, quantity.unit
    holds = table.boolean("holds")
    operator = Operator.AT_LEAST if holds else Operator.AT_MOST
    return operator, Fraction(int(holds)), Unit.BOOLEAN


def _where(table: Table, labels: frozenset[str]) -> tuple[tuple[str, str], ...]:
    if not table.has("where"):
        return ()
    with table.table("where") as where:
        for name in where.names():
            if name not in labels:
                known = ", ".join(sorted(labels)) or "-"
                raise where.error(
                    name, f"该探测没有这个标签；有：{known}", f"is no label of the probe: {known}"
                )
        return tuple(sorted((name, where.text(name)) for name in where.names()))


def _attest(table: Table, levels: frozenset[int]) -> Attest:
    with table:
        period = Period(table.choice("period", tuple(Period)))
        return Attest(
            id=_id(table),
            title=table.bilingual("title"),
            asks=table.bilingual("asks"),
            role=table.bilingual("role"),
            period=period,
            valid_days=_valid_days(table, period),
            due=_due(table),
            needs_file=table.boolean("needs_file", False),
            two_persons=table.boolean("two_persons", False),
            remind_days=_remind_days(table),
            levels=read_levels(table) if table.has("levels") else levels,
        )


_LASTS = {
    Period.MONTH: 31,
    Period.QUARTER: 92,
    Period.HALF_YEAR: 184,
    Period.YEAR: 366,
    Period.TWO_YEARS: 731,
}
"""Days; a signature of the last day of one period lasts until the last day of the next."""


def _valid_days(table: Table, period: Period) -> int | None:
    if not table.has("valid_days"):
        return _LASTS.get(period)
    days = table.integer("valid_days")
    if days < 1:
        raise table.error("valid_days", f"{days} 应为正数", f"{days} is not positive")
    return days


def _due(table: Table) -> tuple[int, int] | None:
    if not table.has("due"):
        return None
    text = table.text("due")
    match = _DAY.fullmatch(text)
    if match is None:
        raise table.error("due", f"“{text}”应写成 11-30", f"{text!r} is not like 11-30")
    return int(match[1]), int(match[2])


def _remind_days(table: Table) -> tuple[int, ...]:
    days = table.items("remind_days", list(_REMIND_DAYS))
    if not all(isinstance(day, int) and day >= 0 for day in days):
        raise table.error("remind_days", "应为非负整数的列表", "a list of days is wanted")
    return tuple(sorted(days, reverse=True))


def read_levels(table: Table) -> frozenset[int]:
    levels = frozenset(table.items("levels"))
    if not levels or not levels <= {1, 2, 3, 4}:
        raise table.error("levels", "应为等级保护级别的列表", "protection levels are wanted")
    return levels


def _citation(table: Table) -> Citation:
    with table:
        return Citation(
            document=table.text("document"),
            article=table.text("article"),
            quote=table.text("quote", ""),
            in_force_from=table.day_or_none("in_force_from"),
            in_force_until=table.day_or_none("in_force_until"),
            levels=read_levels(table),
            verified=Verification(table.choice("verified", tuple(Verification))),
            note=table.bilingual("note") if table.has("note") else None,
        )
