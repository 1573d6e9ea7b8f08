"""Reads policies/threshold-*.toml; a wrong key, unit, metric or bound is a PolicyError.

Values are converted from the unit of their file to base units here and nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import cast

from config.policy import ORIGINS, Operator, Verification
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.quantity import SOURCE_UNITS
from config.strict import Table, read_toml, refuse_twins, revision_of
from config.threshold import (
    CONTRACT_DOWN,
    EVERY_PERIOD,
    MOST_NEWEST,
    OF_NEWEST,
    PERIODS,
    STATISTICS,
    Bound,
    Grounds,
    Period,
    Threshold,
    Thresholds,
)
from probes.catalog import AnyProbe, Catalog, UnknownProbeError
from probes.model import Better, Metric, Unit
from probes.text import Text

_UPWARD = (Operator.AT_LEAST, Operator.MORE_THAN)


def load_thresholds(catalog: Catalog, folder: PolicyFolder = POLICY_FOLDER) -> Thresholds:
    """Every threshold file of `folder`.

    Raises PolicyError naming file and key, also for a metric that no probe measures.
    """
    paths = sorted(folder.glob("threshold-*.toml"), key=lambda path: path.name)
    rows = [_read(path, catalog) for path in paths]
    refuse_twins(
        (row.id for row in rows),
        lambda twin: Text(f"阈值 {twin} 出现两次。", f"The threshold {twin} is there twice."),
    )
    rows.sort(key=lambda row: row.id)
    return Thresholds(tuple(rows), revision_of([row.revision for row in rows]))


def _read(path: Path, catalog: Catalog) -> Threshold:
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        probe, metric = _metric(top, catalog)
        statistic = top.choice("statistic", STATISTICS)
        relative = top.choice("relative_to", ("", CONTRACT_DOWN), "")
        unit = _unit(top, metric, statistic, relative)
        operator = _operator(top, metric)
        degraded = _bound(top, "degraded", unit)
        down = _bound(top, "down", unit)
        _check_order(top, operator, degraded, down)
        with top.table("applies") as applies:
            roles = applies.roles("roles")
            targets = frozenset(applies.words("targets"))
            period = applies.choice("period", PERIODS, EVERY_PERIOD)
            labels = _labels(applies, catalog[probe])
        return Threshold(
            id=top.text("id"),
            title=top.bilingual("title"),
            probe=probe,
            metric=metric.name,
            statistic=statistic,
            window=read_duration(top, "window", least=1),
            operator=operator,
            unit=unit[0],
            degraded=degraded,
            down=down,
            roles=roles,
            targets=targets,
            period=None if period == EVERY_PERIOD else cast(Period, period),
            relative_to=relative,
            labels=labels,
            newest=_newest(top),
            why=top.bilingual("why"),
            grounds=read_grounds(top),
            revision=revision_of(data),
        )


def _metric(top: Table, catalog: Catalog) -> tuple[str, Metric]:
    probe, _, name = top.text("metric").partition(".")
    try:
        return probe, catalog.metric(probe, name)
    except UnknownProbeError as exc:
        raise top.error("metric", exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc


def _labels(applies: Table, probe: AnyProbe) -> dict[str, tuple[str, ...]]:
    if not applies.has("labels"):
        return {}
    with applies.table("labels") as table:
        for name in table.names():
            if name not in probe.labels:
                known = ", ".join(sorted(probe.labels)) or "—"
                raise table.error(
                    name,
                    f"{probe.name} 没有这个标签；可用的有：{known}",
                    f"{probe.name} has no such label; it has: {known}",
                )
        return {name: table.words(name) for name in sorted(table.names())}


def _newest(top: Table) -> int | None:
    """Medians and the like of a few readings: those that the store would count all together."""
    if not top.has("newest"):
        return None
    newest = top.integer("newest")
    if not 1 <= newest <= MOST_NEWEST or top.text("statistic") not in OF_NEWEST:
        raise top.error(
            "newest",
            f"应为 1 至 {MOST_NEWEST}，统计量应为 {', '.join(OF_NEWEST)} 之一",
            f"1 to {MOST_NEWEST} is wanted, with a statistic of {', '.join(OF_NEWEST)}",
        )
    return newest


def _unit(top: Table, metric: Metric, statistic: str, relative: str) -> tuple[Unit, str, Fraction]:
    """The unit of the statistic, and the word and factor in which the file writes bounds."""
    share = metric.unit is Unit.BOOLEAN and statistic == "mean"
    wanted = Unit.RATIO if share or relative else metric.unit
    word = top.choice("unit", SOURCE_UNITS)
    unit, factor = SOURCE_UNITS[word]
    if unit is not wanted:
        raise top.error(
            "unit", f"“{word}”不能换算为 {wanted}", f"{word!r} cannot be converted to {wanted}"
        )
    return unit, word, factor


def _operator(top: Table, metric: Metric) -> Operator:
    """The bad direction; refused when the metric calls it good news."""
    operator = Operator(top.choice("operator", tuple(Operator)))
    good = Better.HIGHER if operator in _UPWARD else Better.LOWER
    if metric.better is good:
        raise top.error(
            "operator",
            f"“{operator}”指向好的方向（{metric.better} 为好），阈值应指向坏的方向",
            f"{operator!s} points where {metric.name} is good ({metric.better} is better); a "
            "threshold points to what is bad",
        )
    return operator


def _bound(top: Table, key: str, unit: tuple[Unit, str, Fraction]) -> Bound | None:
    if not top.has(key):
        return None
    with top.table(key) as table:
        value = table.number("bound")
        _, word, factor = unit
        return Bound(
            value=value * factor,
            written=f"{float(value):g} {word}",
            hold=read_duration(table, "hold"),
            recovery=read_duration(table, "recovery"),
        )


def _check_order(
    top: Table, operator: Operator, degraded: Bound | None, down: Bound | None
) -> None:
    if degraded is None and down is None:
        raise top.error(
            "degraded", "degraded 与 down 至少要有一个", "there must be a bound, degraded or down"
        )
    if degraded is None or down is None:
        return
    worse = down.value >= degraded.value if operator in _UPWARD else down.value <= degraded.value
    if not worse:
        raise top.error(
            "down",
            f"down 的界限 {down.written} 应比 degraded 的 {degraded.written} 更坏",
            f"the bound of down, {down.written}, should be worse than {degraded.written}",
        )


def read_duration(table: Table, key: str, least: int = 0) -> timedelta:
    """`90 s`, `5 min` or `1 h`; `0 s` is at once."""
    text = table.text(key)
    number, _, word = text.partition(" ")
    unit, factor = SOURCE_UNITS.get(word, (None, Fraction(0)))
    if unit is not Unit.SECONDS or not number.isdecimal() or int(number) < least:
        raise table.error(
            key, f"“{text}”应写成 90 s、5 min 或 1 h", f"{text!r} is not like 90 s, 5 min or 1 h"
        )
    return timedelta(seconds=float(int(number) * factor))


def read_grounds(top: Table) -> Grounds:
    """The table `source`: where the numbers come from, and how far that was checked."""
    with top.table("source") as table:
        kind = table.choice("kind", ORIGINS)
        document = table.text("document", "" if kind == "default" else None)
        verified = table.choice("verified", ("", *Verification), "")
        if kind != "default" and not verified:
            raise table.error(
                "verified",
                f"引自文件的数值须写明核对程度：{', '.join(Verification)}",
                f"a number from a document says how it was checked: {', '.join(Verification)}",
            )
        note = table.bilingual("note") if table.has("note") else None
        return Grounds(kind, document, Verification(verified) if verified else None, note)
