"""What people said of duties: signatures and waivers, as judging sees them.

They are kept in the register, with who signed and what was handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
class Waived:
    """A part of a duty that a school need not fulfil for a time, by somebody's decision.

    Attributes:
        part: id of a check or attest; empty = the duty as a whole.
        agent: the one machine it is for; empty = all of the school.
        until: waivers end; there is none for ever.
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


@dataclass(frozen=True, slots=True)
class Papers:
    """All that counts at the moment of judging."""

    signed: Sequence[Signed] = ()
    waived: Sequence[Waived] = ()


NO_PAPERS = Papers()
