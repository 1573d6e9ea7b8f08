"""What people said of duties: signatures and waivers, as judging sees them.

They are kept in the register, with who signed and what was handed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from collector.register.waiver import Waiver


class Says(StrEnum):
    """What was signed. A person may well sign that something was not done."""

    FULFILLED = "fulfilled"
    NOT_FULFILLED = "not_fulfilled"
    NOT_APPLICABLE = "not_applicable"
    """With the reason; it holds for what a person is asked, never for what machines measure."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The newest signature for one attest of a duty at one school.

    Attributes:
        duty, attest: their ids.
        at: when it was signed; it counts from then on.
        until: the end of its validity; None = until it is taken back.
        is_whole: False while a second person's confirmation or the document is missing.
        by: the role of who signed, for people to see.
        reason: what was said with it.
    """

    school: str
    duty: str
    attest: str
    says: Says
    at: datetime
    until: datetime | None
    is_whole: bool
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Papers:
    """All that counts at the moment of judging."""

    signed: Sequence[Signed] = ()
    waived: Sequence[Waiver] = ()


NO_PAPERS = Papers()


class Filed:
    """Papers, to be looked up. Those that did not begin yet, or have ended, are not in force."""

    def __init__(self, papers: Papers, now: datetime) -> None:
        self.now = now
        self._signed: dict[tuple[str, str, str], Signed] = {}
        for one in sorted(papers.signed, key=lambda signed: signed.at):
            if one.at <= now:
                self._signed[one.school, one.duty, one.attest] = one
        self._waived: dict[tuple[str, str], list[Waiver]] = defaultdict(list)
        for each in sorted(papers.waived, key=lambda waived: waived.id):
            if each.holds(now):
                self._waived[each.school, each.duty].append(each)

    def signed(self, school: str, duty: str, attest: str) -> Signed | None:
        """The newest, whether or not it still holds."""
        return self._signed.get((school, duty, attest))

    def waived(self, school: str, duty: str, part: str) -> tuple[Waiver, ...]:
        """Those in force for that part, or for the duty as a whole."""
        every = self._waived.get((school, duty), ())
        return tuple(one for one in every if one.part in ("", part))
