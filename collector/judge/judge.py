"""Judging as a whole: schools, readings and policy in, one Judgement out.

It has no clock and no state: the same facts give the same judgement, for today or for a past day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from collector.judge import line
from collector.judge.area import judge_areas
from collector.judge.computers import check as check_counting
from collector.judge.duty.papers import NO_PAPERS, Papers
from collector.judge.duty.status import judge_duty
from collector.judge.indicator import Indicators, discover, quantities
from collector.judge.line import LineFinding
from collector.judge.model import (
    AreaVerdict,
    DutyStatus,
    Finding,
    SchoolFigure,
    SchoolVerdict,
    Window,
)
from collector.judge.premises import NO_PREMISES, Premises
from collector.judge.scene import Scene
from collector.logs.evidence import LogStanding
from collector.register.model import Agent, School
from collector.remote.lessons import NONE_LISTED, RemoteLessons
from collector.store import MetricRef, Store
from config.calendar import Calendar
from config.duty import Check, FactCheck
from config.duty_file import FactKind, Known
from config.policy import Policies, Quantity, TargetValue
from config.policy_file import load_policies
from config.policy_folder import POLICY_FOLDER, PolicyFolder
from config.strict import PolicyError
from probes.catalog import Catalog, UnknownProbeError
from probes.catalog import discover as probes
from probes.text import Text

LIVE_DAYS = 30
COUNTRY_ZONE = ZoneInfo("Asia/Shanghai")
_MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")
_Find = Callable[[TargetValue, School], Finding]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts of one run.

    Attributes:
        window: the days whose readings counted.
        schools: per school, the distinct values that are asked of it, in order of school and due
            date. Where several rows ask the same value, the one with the widest share stands here.
        areas: every row in force, per region.
        coming: rows that are due later, as the areas stand towards them now.
        lines: what each line brings against its contract, by school.
        figures: per school, what is shown without being asked for.
    """

    as_of: date
    now: datetime
    window: Window
    schools: tuple[SchoolVerdict, ...]
    areas: tuple[AreaVerdict, ...]
    duties: tuple[DutyStatus, ...]
    policy_revision: str
    calendar_revision: str
    figures: tuple[SchoolFigure, ...] = ()
    coming: tuple[AreaVerdict, ...] = ()
    lines: tuple[LineFinding, ...] = ()


def read_policies(folder: PolicyFolder = POLICY_FOLDER) -> Policies:
    """The policies of `folder`, held against the indicators that exist. Raises PolicyError."""
    policies = load_policies(quantities(discover().targets), known(), folder)
    check_counting(policies.counting)
    return policies


def known() -> Known:
    """The facts and indicators that checks of duties may name."""
    return Known(_facts(probes()), quantities(discover().duties))


def _facts(catalog: Catalog) -> dict[str, FactKind]:
    return {
        f"{probe.name}.{metric.name}": FactKind(
            Quantity(metric.unit, metric.better), frozenset(probe.labels)
        )
        for probe in catalog.values()
        for metric in probe.measures
    }


def window_for(as_of: date, now: datetime) -> Window:
    """The calendar month of a past day; for today, the last thirty days."""
    today = now.astimezone(COUNTRY_ZONE).date()
    if as_of >= today:
        return Window(today - timedelta(days=LIVE_DAYS - 1), today)
    following = (as_of.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Window(as_of.replace(day=1), following - timedelta(days=1))


def last_day(month: str, today: date) -> date | None:
    """The last day of a month that is over, written 2026-10; None for what is none."""
    match = _MONTH.fullmatch(month)
    if match is None:
        return None
    first = date(int(match[1]), int(match[2]), 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return last if last < today else None


class Judge:
    """Raises PolicyError when a policy needs a metric that the catalog does not have."""

    def __init__(
        self,
        catalog: Catalog,
        policies: Policies,
        calendar: Calendar,
        indicators: Indicators | None = None,
    ) -> None:
        self._catalog = catalog
        self._policies = policies
        self._calendar = calendar
        self._indicators = indicators or discover()
        for duty in policies.duties:
            for check in duty.checks:
                _check_metrics(catalog, self._needs(check), duty.id)

    def _needs(self, check: Check) -> tuple[MetricRef, ...]:
        if isinstance(check, FactCheck):
            return (MetricRef(check.probe, check.metric),)
        return self._indicators.duties[check.indicator].needs

    def judge(
        self,
        schools: Sequence[School],
        store: Store,
        agents: Sequence[Agent],
        as_of: date,
        now: datetime,
        remote: RemoteLessons = NONE_LISTED,
        papers: Papers = NO_PAPERS,
        logs: Mapping[str, LogStanding] = MappingProxyType({}),
        premises: Premises = NO_PREMISES,
    ) -> Judgement:
        """Judge `schools` as they stood on `as_of`, with what the store knows at `now`.

        `remote`: the remote lessons that are listed. `papers`: what people signed and waived.
        `logs`: by school, how long its logs are kept. `premises`: what stands in the schools.

        Blocks on the store: call it in a thread.
        """
        scene = self._scene(schools, store, agents, as_of, now, remote, papers, logs, premises)
        rows = self._policies.targets_due(as_of)
        find = self._finder(scene)
        return Judgement(
            as_of=as_of,
            now=now,
            window=scene.window,
            schools=tuple(
                _school_verdict(school, target, find(target, school))
                for school in schools
                for target in asked_of(school, rows)
            ),
            areas=_areas(rows, schools, find),
            coming=_areas(self._policies.targets_to_come(as_of), schools, find),
            duties=tuple(self._duties(schools, scene)),
            policy_revision=self._policies.revision,
            calendar_revision=self._calendar.revision,
            figures=tuple(self._figures(schools, scene)),
            lines=line.findings(schools, scene),
        )

    def lines(
        self,
        schools: Sequence[School],
        store: Store,
        as_of: date,
        now: datetime,
        agents: Sequence[Agent] = (),
        premises: Premises = NO_PREMISES,
    ) -> tuple[LineFinding, ...]:
        """Only what lines bring against their contracts, over the window of `as_of`; blocks."""
        scene = self._scene(schools, store, agents, as_of, now, premises=premises)
        return line.findings(schools, scene)

    def _scene(
        self,
        schools: Sequence[School],
        store: Store,
        agents: Sequence[Agent],
        as_of: date,
        now: datetime,
        remote: RemoteLessons = NONE_LISTED,
        papers: Papers = NO_PAPERS,
        logs: Mapping[str, LogStanding] = MappingProxyType({}),
        premises: Premises = NO_PREMISES,
    ) -> Scene:
        return Scene(
            catalog=self._catalog,
            calendar=self._calendar,
            store=store,
            schools=schools,
            agents=agents,
            window=window_for(as_of, now),
            now=now,
            platforms=self._policies.platforms,
            lines=self._policies.lines,
            remote_class=self._policies.remote_class,
            remote_lessons=remote,
            papers=papers,
            logs=logs,
            counting=self._policies.counting,
            premises=premises,
        )

    def _figures(self, schools: Sequence[School], scene: Scene) -> Iterator[SchoolFigure]:
        """Without those whose metrics this version does not measure."""
        for shown in self._indicators.observed:
            if any(metric.probe not in self._catalog for metric in shown.needs):
                continue
            for school in schools:
                if not shown.concerns(school, scene):
                    continue
                yield SchoolFigure(
                    school=school.code,
                    indicator=shown.name,
                    title=shown.title,
                    meaning=shown.meaning,
                    unit=shown.unit,
                    figure=shown.observe(school, scene),
                )

    def _finder(self, scene: Scene) -> _Find:
        """Findings by demand and school: rows that differ only in share ask the same."""
        known: dict[tuple[object, ...], Finding] = {}

        def find(target: TargetValue, school: School) -> Finding:
            key = (*_demand(target), target.delivery, school.code)
            if key not in known:
                known[key] = self._indicators.targets[target.indicator].judge(school, target, scene)
            return known[key]

        return find

    def _duties(self, schools: Sequence[School], scene: Scene) -> list[DutyStatus]:
        return [
            judge_duty(school, duty, self._indicators.duties, scene)
            for school in schools
            for duty in self._policies.duties
            if duty.applies.binds(school)
        ]


def _areas(
    rows: Sequence[TargetValue], schools: Sequence[School], find: _Find
) -> tuple[AreaVerdict, ...]:
    return tuple(
        area
        for target in rows
        for area in judge_areas(
            target, schools, {s.code: find(target, s) for s in schools if target.covers(s)}
        )
    )


def asked_of(school: School, rows: Sequence[TargetValue]) -> list[TargetValue]:
    """The rows that cover the school, one for each distinct value: the widest share, then the
    latest day."""
    widest: dict[tuple[object, ...], TargetValue] = {}
    for row in rows:
        if not row.covers(school):
            continue
        key = (row.policy, *_demand(row))
        kept = widest.get(key)
        if kept is None or (row.share, row.due) > (kept.share, kept.due):
            widest[key] = row
    return list(widest.values())


def _demand(row: TargetValue) -> tuple[object, ...]:
    return row.indicator, row.operator, row.value


def _school_verdict(school: School, target: TargetValue, finding: Finding) -> SchoolVerdict:
    return SchoolVerdict(
        school=school.code,
        school_name=school.name,
        adcode=school.adcode,
        area=school.policy_area,
        target=target,
        finding=finding,
        register_revision=school.revision,
    )


def _check_metrics(catalog: Catalog, needs: Sequence[MetricRef], duty: str) -> None:
    for metric in needs:
        try:
            catalog.metric(metric.probe, metric.metric)
        except UnknownProbeError as exc:
            raise PolicyError(
                Text(f"职责 {duty}：{exc.text.zh}", f"Duty {duty}: {exc.text.en}")
            ) from exc
