"""Duties and posture as JSON, for the command line and other programs. Asking changes nothing."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from collector.api.admin_query import parse_school
from collector.api.guard import Guard, NotYetError, RequestError
from collector.judge.duty.rows import duty_answer
from collector.judge.judge import Judgement
from collector.judge.posture import fact_row, posture
from collector.web.school import find
from collector.web.showing import Showing
from probes.text import Text

Row = dict[str, Any]


class DutyDoors:
    """Both take `school`, which `/v1/posture` cannot do without."""

    def __init__(self, showing: Showing, guard: Guard) -> None:
        self._showing = showing
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        door = self._guard.door
        return [
            web.get("/v1/duties", door(self._duties)),
            web.get("/v1/posture", door(self._posture)),
        ]

    def _duties(self, request: web.Request) -> Row:
        code = parse_school(request.query.items())
        if code is not None and find(self._showing, code) is None:
            raise no_such_school(code)
        return duty_answer(self._judgement(), self._showing.rectifications(code), code)

    def _posture(self, request: web.Request) -> Row:
        code = parse_school(request.query.items())
        school = find(self._showing, code) if code else None
        if school is None:
            raise no_such_school(code or "")
        showing, now = self._showing, self._showing.now()
        duties = self._judgement().duties
        facts = posture(school, showing.agents(), showing.store, showing.catalog, duties)
        return {
            "school": school.code,
            "school_name": school.name,
            "now": now.isoformat(),
            "facts": [fact_row(fact, now) for fact in facts],
        }

    def _judgement(self) -> Judgement:
        judgement = self._showing.judgement()
        if judgement is None:
            raise NotYetError(
                Text(
                    "首次判定还没有完成，请稍后再问。",
                    "The first judgement is not made yet; ask again soon.",
                )
            )
        return judgement


def no_such_school(code: str) -> RequestError:
    return RequestError(
        Text(
            f"登记库中没有学校“{code}”；用 schools list 查看代码。",
            f"The register has no school {code!r}; `schools list` shows their codes.",
        )
    )
