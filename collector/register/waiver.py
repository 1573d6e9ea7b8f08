"""A waiver as the register keeps it, and what is wrong with one that it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from probes.text import BanjunError, Text

LONGEST = timedelta(days=366)
SHORTEST_REASON = 6
"""Characters: `旧系统无法升级` says something, `同意` does not."""
MOST_REASON = 512


class WaiverError(BanjunError):
    """There is no such waiver, or it may not be made like that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Somebody's decision that a school need not fulfil something for a time.

    Attributes:
        part: id of a check or attest; empty = the duty as a whole.
        agent: the one machine it is for; empty = all of the school.
        ended_at: when it was taken back; None = it ends by itself.
    """

    id: int
    school: str
    duty: str
    part: str
    agent: str
    reason: str
    actor: str
    since: datetime
    until: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""

    def holds(self, at: datetime) -> bool:
        over = self.ended_at is not None and self.ended_at <= at
        return self.since <= at < self.until and not over


def check_words(reason: str) -> str:
    """The reason, trimmed. Raises WaiverError for one that says nothing."""
    words = " ".join(reason.split())
    if len(words) < SHORTEST_REASON or len(set(words)) < SHORTEST_REASON // 2:
        raise WaiverError(
            Text(
                f"理由“{words}”太短：请写清原因和打算，让以后的人看得懂"
                f"（至少 {SHORTEST_REASON} 个字）。",
                f"The reason {words!r} says too little: write why, and what will be done, for "
                f"people later ({SHORTEST_REASON} characters at least).",
            )
        )
    return words[:MOST_REASON]


def check_until(until: datetime, now: datetime) -> None:
    """Raises WaiverError for an end that is over, or more than a year away."""
    if until <= now:
        raise WaiverError(
            Text(
                f"到期日 {until:%Y-%m-%d} 已经过去；请给出今后的日期，例如 --until "
                f"{now + timedelta(days=90):%Y-%m-%d}。",
                f"Its end {until:%Y-%m-%d} is over; give a day to come, such as --until "
                f"{now + timedelta(days=90):%Y-%m-%d}.",
            )
        )
    if until - now > LONGEST:
        raise WaiverError(
            Text(
                f"到期日 {until:%Y-%m-%d} 超过一年；豁免最长到 {now + LONGEST:%Y-%m-%d}，"
                f"到期后再议。",
                f"Its end {until:%Y-%m-%d} is more than a year away; a waiver lasts until "
                f"{now + LONGEST:%Y-%m-%d} at most, and is then decided anew.",
            )
        )


def no_such_waiver(id: int) -> WaiverError:
    return WaiverError(
        Text(
            f"没有生效中的豁免 {id}；用 waive list 查看编号。",
            f"No waiver {id} is in force; `waive list` shows their numbers.",
        )
    )


def already_waived(held: Waiver) -> WaiverError:
    return WaiverError(
        Text(
            f"已有豁免 {held.id}，有效至 {held.until:%Y-%m-%d}；要改期限或理由，请先 waive end "
            f"{held.id} --reason …。",
            f"Waiver {held.id} is in force until {held.until:%Y-%m-%d}. To change its end or "
            f"reason, take it back first: waive end {held.id} --reason ...",
        )
    )
