"""The course of the demonstration: measure until the verdicts are right, throttle a line, and wait
until they are right again."""

from __future__ import annotations

import time

from probes.text import Text
from tests.lab.demo.plan import DemoSchool
from tests.lab.demo.screen import Screen
from tests.lab.demo.seen import Seen
from tests.lab.demo.town import Town
from tests.lab.demo.truth import Truth

STAGE_SECONDS = 420.0
"""In which the verdicts have to be right, before and after the throttling."""
_FIRST = Text("测量中，等待结论", "measuring, waiting for verdicts")
_SECOND = Text("一条线路已被限速，等待结论改变", "a line is throttled, waiting for its verdict")
_GOES_ON = Text("全部一致，按 Ctrl-C 结束", "all agree; Ctrl-C ends it")


class Demo:
    """One run over a town that stands."""

    def __init__(self, town: Town, screen: Screen, schools: tuple[DemoSchool, ...]) -> None:
        self._town = town
        self._screen = screen
        self._schools = schools
        self._truth = Truth(schools, {s.code: s.line_mbit for s in schools})
        self._seen = Seen.nothing()
        self._stage = _FIRST

    def run(self, *, once: bool) -> bool:
        """Whether every verdict became right, twice. Unless `once`, it goes on until Ctrl-C."""
        try:
            with self._screen.watching():
                right = self._becomes_right(_FIRST)
                if right:
                    self._throttle()
                    right = self._becomes_right(_SECOND)
                while not once:
                    self._look(_GOES_ON if right else self._stage)
        except KeyboardInterrupt:
            right = self._stage is _GOES_ON
        return right

    def summary(self) -> None:
        self._screen.summary(self._seen, self._truth, self._stage)

    def _throttle(self) -> None:
        carries = dict(self._truth.mbit)
        for school in self._schools:
            if school.later_mbit is not None:
                self._town.throttle(school, school.later_mbit)
                carries[school.code] = school.later_mbit
                self._screen.say(_throttled(school))
        self._truth = Truth(self._schools, carries)

    def _becomes_right(self, stage: Text) -> bool:
        until = time.monotonic() + STAGE_SECONDS
        while time.monotonic() < until:
            self._look(stage)
            if self._seen.agrees(self._truth):
                return True
        return False

    def _look(self, stage: Text) -> None:
        self._stage = stage
        self._seen = self._town.look() or self._seen
        self._screen.show(self._seen, self._truth, stage)
        time.sleep(1)


def _throttled(school: DemoSchool) -> Text:
    return Text(
        f"→ {school.name.zh}的线路被运营商从 {school.line_mbit:g}M 限到 {school.later_mbit:g}M"
        f"（合同 {school.contract_mbit}M）；结论应变为未达标、欠供。",
        f"→ The provider throttles the line of {school.name.en} from {school.line_mbit:g}M to "
        f"{school.later_mbit:g}M (contract {school.contract_mbit}M); the verdict has to become "
        "not met, and short of the contract.",
    )
