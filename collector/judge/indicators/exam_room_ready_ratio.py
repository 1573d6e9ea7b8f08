"""考前机房就绪率: of the next exam, or the last, the seats that were on in the day before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from collector.judge.model import LegName, Verdict
from collector.judge.parts import Nothing, Parts, PartsIndicator
from collector.judge.presence.gather import BEATS
from collector.judge.presence.model import Span
from collector.judge.scene import Scene
from collector.judge.seats import Seats, parts_of, seats_ready
from collector.register.exams import Exam
from collector.register.model import School
from collector.store import MetricRef
from probes.text import Text

BEFORE = timedelta(hours=24)
NO_EXAM = Nothing(
    Verdict.NOT_APPLICABLE,
    Text("近期没有登记的上机考试，不适用。", "No examination is announced; it does not apply."),
)


class ExamRoomReady(PartsIndicator):
    name: ClassVar[str] = "exam_room_ready_ratio"
    title: ClassVar[Text] = Text("考前机房就绪率", "Examination rooms ready")
    meaning: ClassVar[Text] = Text(
        "开考前 24 小时内开过机的座位占登记机位的比例。开考前，没有开过的还是未知；开考后，学校在线"
        "而没有开过的算没有就绪。考试用 exam add 登记。",
        "Share of registered seats whose computer was on in the 24 hours before an examination. "
        "Until it begins, one that was not is not known; afterwards it was not ready, if the "
        "school was heard. `exam add` announces examinations.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (BEATS,)
    method: ClassVar[MetricRef] = BEATS
    leg: ClassVar[LegName] = LegName.SEATS

    def concerns(self, school: School, scene: Scene) -> bool:
        return bool(_exams(school, scene))

    def look(self, school: School, scene: Scene) -> Parts | Nothing:
        exams = _exams(school, scene)
        if not exams:
            return NO_EXAM
        begins = exams[0].at
        together = [exam for exam in exams if exam.at == begins]
        since, until = begins - BEFORE, min(begins, scene.now)
        if until <= since:
            return _too_early(school, begins)
        on = scene.heard_between(school, since, until)
        placed = scene.placed(school)
        decided = scene.now >= begins and bool(on)
        looked = [
            _decide(seats_ready(placed.rooms[exam.room], placed, on), decided)
            for exam in together
            if exam.room in placed.rooms
        ]
        return parts_of(looked, Span(since, until), None) if looked else NO_EXAM


def _exams(school: School, scene: Scene) -> list[Exam]:
    """The next one, else the last of the window; with those that begin at the same time."""
    own = [exam for exam in scene.premises.exams if exam.school == school.code]
    zone = ZoneInfo(school.time_zone)
    coming = sorted((e for e in own if e.at > scene.now), key=lambda e: e.at)
    past = sorted(
        (
            e
            for e in own
            if e.at <= scene.now and e.at.astimezone(zone).date() >= scene.window.first
        ),
        key=lambda e: e.at,
        reverse=True,
    )
    soon = [exam for exam in coming if exam.at - BEFORE <= scene.now]
    return soon or past or coming


def _too_early(school: School, begins: datetime) -> Nothing:
    at = begins.astimezone(ZoneInfo(school.time_zone))
    return Nothing(
        Verdict.UNDETERMINED,
        Text(
            f"{at:%Y-%m-%d %H:%M} 开考，从前 24 小时起看。",
            f"It begins {at:%Y-%m-%d %H:%M}; the 24 hours before it count.",
        ),
    )


def _decide(seats: Seats, decided: bool) -> Seats:
    """A seat with an agent that stayed silent was not ready, once that can be said."""
    return replace(seats, off=seats.silent, silent=0) if decided else seats
