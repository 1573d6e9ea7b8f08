"""Between judging and the register: what people decided goes in, what has to be put right out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from collector.judge.duty.papers import NO_PAPERS, Papers
from collector.judge.duty.rectify import plan
from collector.judge.judge import Judgement
from collector.register.duties import DutyBook
from collector.register.rectification import Item, ItemState
from collector.register.waiver import Waiver

log = logging.getLogger(__name__)


def nothing_signed(now: datetime) -> Papers:
    return NO_PAPERS


class DutyDesk:
    """One per collector. Everything blocks.

    Args:
        within: how long there is to put something right.
        signed: at an instant, the newest signature for each attest of each school.
    """

    def __init__(
        self,
        book: DutyBook,
        within: timedelta,
        signed: Callable[[datetime], Papers] = nothing_signed,
    ) -> None:
        self._book = book
        self._within = within
        self._signed = signed

    def papers(self, now: datetime) -> Papers:
        """What counts in a judgement at `now`."""
        return Papers(
            signed=self._signed(now).signed,
            waived=tuple(self._book.waivers_at(now)),
        )

    def follow(self, judgement: Judgement) -> None:
        """Open and close what the judgement says, in one transaction."""
        changes = self._book.follow(lambda held: plan(judgement, held, self._within), judgement.now)
        told = [c for c in changes if c.due is not None or c.state is not ItemState.OPEN]
        for change in told:
            log.info("%s: %s %s has to be put right: %s", change.school, change.duty, change.part,
                     change.state.value)  # fmt: skip

    def items(self, school: str | None = None) -> list[Item]:
        """What is open, by the day it is due."""
        return self._book.items(school, only_open=True)

    def waivers(self, school: str | None = None) -> list[Waiver]:
        """All that were ever made, the newest first."""
        return self._book.waivers(school)
