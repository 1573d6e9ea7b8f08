"""The remote lessons of a judgement's window, each judged once for all indicators."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from collector.judge.capacity import bounds_of
from collector.judge.model import Verdict, Window
from collector.judge.presence.lessons import UNDERWAY
from collector.judge.remote.lesson import JudgedLesson, judge_lesson
from collector.judge.remote.readings import observe
from collector.register.model import School
from collector.remote.lessons import FILE, RemoteLessons
from collector.remote.occasions import Occasion, occasions
from collector.remote.tasks import WAY
from collector.store import Store
from config.calendar import Calendar
from config.remote_class import RemoteClass
from config.remote_class_file import FILE as RULES_FILE
from probes.catalog import Catalog
from probes.text import Text


@dataclass(frozen=True, slots=True)
class NotJudged:
    """Why there is nothing to say: what was asked does not apply, or cannot be told."""

    verdict: Verdict
    reason: Text


NO_RULES = NotJudged(
    Verdict.NOT_APPLICABLE,
    Text(f"没有 config/policies/{RULES_FILE}。", f"There is no config/policies/{RULES_FILE}."),
)
NO_LIST = NotJudged(
    Verdict.NOT_APPLICABLE,
    Text(
        f"没有远程课表（数据目录中的 {FILE}），不适用。",
        f"No remote lessons are listed ({FILE} in the data directory), so it does not apply.",
    ),
)
NOT_LISTED = NotJudged(
    Verdict.NOT_APPLICABLE,
    Text("远程课表里没有该校，不适用。", "The school has no remote lesson in the list."),
)
NONE_DUE = NotJudged(
    Verdict.NOT_APPLICABLE,
    Text("这段时间没有排定的远程课。", "No remote lesson was due in this time."),
)
NO_PROBE = NotJudged(
    Verdict.UNDETERMINED,
    Text(f"当前版本没有 {WAY} 探测。", f"This version has no probe `{WAY}`."),
)
NO_GATEWAY = NotJudged(
    Verdict.UNDETERMINED,
    Text(
        "该校没有接入网关，远程课的网络质量无从得知。",
        "No gateway of the school has an agent; how good its remote lessons were is not known.",
    ),
)


class RemoteClasses:
    """Lives as long as one judgement and is used by one thread."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: Catalog,
        calendar: Calendar,
        schools: Sequence[School],
        with_gateway: Collection[str],
        window: Window,
        now: datetime,
        rules: RemoteClass | None,
        listed: RemoteLessons,
    ) -> None:
        self._store, self._catalog, self._calendar = store, catalog, calendar
        self._schools, self._with_gateway = schools, with_gateway
        self._window, self._now = window, now
        self._rules, self._listed = rules, listed

    def span(self, school: School) -> tuple[datetime, datetime]:
        return bounds_of(self._window, ZoneInfo(school.time_zone), self._now)

    def of(self, school: School) -> Sequence[JudgedLesson] | NotJudged:
        """The lessons that were due and are over, at least one, in order of time."""
        if (why := self._nothing_judged) is not None:
            return why
        if school.code not in self._listed.meetings:
            return NOT_LISTED
        if school.code not in self._with_gateway:
            return NO_GATEWAY
        return self._judged.get(school.code) or NONE_DUE

    @property
    def _nothing_judged(self) -> NotJudged | None:
        """Why no school is judged at all."""
        if self._rules is None:
            return NO_RULES
        if self._listed.fault is not None:
            return NotJudged(Verdict.UNDETERMINED, self._listed.fault)
        if not self._listed.lessons:
            return NO_LIST
        return NO_PROBE if WAY not in self._catalog else None

    @cached_property
    def _judged(self) -> Mapping[str, list[JudgedLesson]]:
        assert self._rules is not None
        due = {school.code: self._due(school) for school in self._schools}
        observed = observe(
            self._store, self._catalog, self._rules, [one for each in due.values() for one in each]
        )
        return {
            code: [judge_lesson(one, observed[one], self._rules) for one in each]
            for code, each in due.items()
        }

    def _due(self, school: School) -> list[Occasion]:
        """Over for so long that their readings had time to arrive."""
        if school.code not in self._listed.meetings or school.code not in self._with_gateway:
            return []
        listed = self._listed.of(school.code)
        first, last = self._window.first, self._window.last
        found = occasions(listed, school, self._calendar, first, last)
        return [occasion for occasion in found if occasion.until + UNDERWAY <= self._now]
