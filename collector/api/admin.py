"""What the collector knows, as JSON, for the command line and other programs.

Asking changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from collector.alert.rows import incident_row
from collector.api.admin_query import (
    Asked,
    parse,
    parse_flips,
    parse_incidents,
    parse_lines,
)
from collector.api.guard import Guard, NotYetError
from collector.inventory.crowd import asks_for_one
from collector.judge.rows import line_row, rows
from collector.judge.state_rows import flip_row, state_rows
from collector.register.model import Agent
from collector.store import Key, LastRun, Latest, Point, QueryError, Summary
from collector.web.showing import Showing
from probes.model import Outcome, Unit
from probes.text import Text

_UNITS = {"count": Unit.COUNT, "time_share": Unit.RATIO}
"""Of statistics whose unit is not the metric's."""

Row = dict[str, Any]


class AdminDoors:
    """What may be asked; it changes nothing."""

    def __init__(self, showing: Showing, guard: Guard) -> None:
        self._showing = showing
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        door = self._guard.door
        return [
            web.get("/v1/status", door(self._status)),
            web.get("/v1/verdicts", door(self._verdicts)),
            web.get("/v1/lines", door(self._lines)),
            web.get("/v1/states", door(self._states)),
            web.get("/v1/flips", door(self._flips)),
            web.get("/v1/incidents", door(self._incidents)),
            web.get("/v1/agents", door(self._agents)),
            web.get("/v1/query", door(self._query)),
        ]

    def _status(self, request: web.Request) -> Row:
        judgement, agents = self._showing.judgement(), self._showing.agents()
        return {
            "now": _iso(self._showing.now()),
            "judged_at": _iso(judgement.now) if judgement else None,
            "policy_revision": judgement.policy_revision if judgement else None,
            "calendar_revision": judgement.calendar_revision if judgement else None,
            "provisional": [_words(note) for note in self._showing.provisional()],
            "schools": len(self._showing.schools()),
            "agents": sum(1 for agent in agents if not agent.revoked),
            "agents_revoked": sum(1 for agent in agents if agent.revoked),
            **self._showing.figures(),
        }

    def _verdicts(self, request: web.Request) -> Row:
        judgement = self._showing.judgement()
        if judgement is None:
            raise NotYetError(_NOT_JUDGED)
        return rows(judgement)

    def _lines(self, request: web.Request) -> list[Row]:
        school, month = parse_lines(request.query.items(), self._showing.now())
        if month is not None:
            return [line_row(found) for found in self._showing.lines(month, school)]
        judgement = self._showing.judgement()
        if judgement is None:
            raise NotYetError(_NOT_JUDGED)
        return [line_row(f) for f in judgement.lines if school in (None, f.school.code)]

    def _states(self, request: web.Request) -> Row:
        states = self._showing.states()
        if states.at is None:
            raise NotYetError(_NOT_JUDGED)
        return state_rows(states, self._showing.schools(), self._showing.agents())

    def _flips(self, request: web.Request) -> list[Row]:
        school, since, limit = parse_flips(request.query.items(), self._showing.now())
        names = {one.code: one.name for one in self._showing.schools()}
        attacks = self._showing.alert_policy.attacks
        titles = {id: attack.title for id, attack in attacks.items()}
        titles |= self._showing.states().titles
        return [flip_row(f, names, titles) for f in self._showing.flips(school, since, limit)]

    def _incidents(self, request: web.Request) -> list[Row]:
        school, since, limit, only_open = parse_incidents(
            request.query.items(), self._showing.now()
        )
        names = {one.code: one.name for one in self._showing.schools()}
        found = self._showing.incidents(
            only_open=only_open, school=school, since=since, limit=limit
        )
        return [incident_row(one, self._showing.alert_policy, names) for one in found]

    def _agents(self, request: web.Request) -> list[Row]:
        now, agents = self._showing.now(), self._showing.agents()
        runs = {code: self._showing.last_runs(code) for code in {a.school for a in agents}}
        return [self._agent(agent, runs[agent.school], now) for agent in agents]

    def _agent(self, agent: Agent, runs: Sequence[LastRun], now: datetime) -> Row:
        word = self._showing.last_word(agent.id)
        state = dict(word.state) if word else {}
        return {
            "agent": agent.id,
            "school": agent.school,
            "role": agent.role.value,
            "sentinel": self._showing.sentinel(agent.school) == agent.id,
            "hostname": agent.hostname,
            "room": agent.room,
            "system": agent.system,
            "version": state.get("version", agent.version),
            "enrolled_at": _iso(agent.enrolled_at),
            "revoked": agent.revoked,
            "heard_at": _iso(word.at) if word else None,
            "heard_seconds_ago": (now - word.at).total_seconds() if word else None,
            "config": word.config if word else None,
            "spool_readings": state.get("spool_readings"),
            "lost_readings": state.get("lost_readings"),
            "not_run": self._not_run(agent, runs),
            "state": state,
        }

    def _not_run(self, agent: Agent, runs: Sequence[LastRun]) -> list[Row]:
        """The probes whose newest run taught nothing, and why."""
        return [
            {
                "probe": run.probe,
                "target": run.target,
                "at": _iso(run.at),
                "reason": run.reason,
                "reason_text": _words(self._showing.catalog.reason(run.probe, run.reason)),
            }
            for run in runs
            if run.agent == agent.id and run.outcome is Outcome.NOT_RUN
        ]

    def _query(self, request: web.Request) -> list[Row]:
        now = self._showing.now()
        asked = parse(request.query.items(), now)
        if asks_for_one(asked.metric.probe, asked.by, asked.where):
            raise QueryError(_NOBODY_LISTED)
        store = self._showing.store
        if asked.statistic is None:
            newest = store.latest(asked.metric, asked.by, asked.where)
            unit = self._unit(asked)
            return [_latest_row(asked.by, k, v, unit, now) for k, v in sorted(newest.items())]
        if asked.step is not None:
            points = store.series(
                asked.metric, asked.statistic, asked.by, asked.step,
                asked.since, asked.until, asked.where, asked.period,
            )  # fmt: skip
            unit = self._unit(asked)
            return [_point_row(asked.by, point, unit) for point in points]
        found = store.summarise(
            asked.metric, asked.statistic, asked.by,
            asked.since, asked.until, asked.where, asked.period,
        )  # fmt: skip
        unit = self._unit(asked)
        return [_summary_row(asked.by, key, value, unit) for key, value in sorted(found.items())]

    def _unit(self, asked: Asked) -> str:
        """Of the statistic; the store has found that the metric exists."""
        statistic = asked.statistic
        if statistic is not None and statistic.name in _UNITS:
            return _UNITS[statistic.name].value
        return self._showing.catalog.metric(asked.metric.probe, asked.metric.metric).unit.value


def _latest_row(by: Sequence[str], key: Key, latest: Latest, unit: str, now: datetime) -> Row:
    return {
        **dict(zip(by, key, strict=True)),
        "value": latest.value,
        "unit": unit,
        "at": _iso(latest.at),
        "age_seconds": (now - latest.at).total_seconds(),
    }


def _point_row(by: Sequence[str], point: Point, unit: str) -> Row:
    key = dict(zip(by, point.key, strict=True))
    return {**key, "at": _iso(point.at), "value": point.value, "unit": unit, "n": point.n}


def _summary_row(by: Sequence[str], key: Key, summary: Summary, unit: str) -> Row:
    return {
        **dict(zip(by, key, strict=True)),
        "value": summary.value,
        "unit": unit,
        "n": summary.n,
        "runs": summary.runs,
        "expected": summary.expected,
        "coverage": summary.coverage,
        "first": _iso(summary.first),
        "last": _iso(summary.last),
        "approximate": summary.approximate,
    }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


_NOBODY_LISTED = Text(
    "这项探测会看到学生的手机，不按 MAC 或地址列出；用 where=mac:all 查询总数，设备见 "
    "banjun-collector inventory。",
    "This probe sees pupils' phones, too, so nothing is listed by MAC or address; ask for the "
    "whole with where=mac:all, and for devices with `banjun-collector inventory`.",
)
_NOT_JUDGED = Text(
    "首次判定还没有完成，请稍后再问。",
    "The first judgement is not made yet; ask again soon.",
)
