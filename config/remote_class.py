"""What makes a minute of a remote lesson good, and how minutes add up to a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from probes.text import Text


@dataclass(frozen=True, slots=True)
class Good:
    """Bounds of a good minute, inclusive, in base units."""

    available: float
    loss: float
    rtt: float
    jitter: float
    origin: str


@dataclass(frozen=True, slots=True)
class Bad:
    """Beyond either of these a minute is bad."""

    loss: float
    rtt: float
    origin: str


@dataclass(frozen=True, slots=True)
class LessonRule:
    """How minutes add up.

    Attributes:
        good_share: of the minutes of which anything is known.
        minimum_minutes: of them; with fewer nothing is said.
        capacity_minutes: how old a reading of capacity may be.
    """

    good_share: Fraction
    minimum_minutes: int
    capacity_minutes: int
    origin: str


@dataclass(frozen=True, slots=True)
class HeldRule:
    """When traffic says that a lesson was held: bits a second, minutes, and a share of them."""

    rise: float
    before_minutes: int
    quiet: float
    share: Fraction
    origin: str


@dataclass(frozen=True, slots=True)
class Source:
    """`verified` is a value of `Verification`."""

    document: str
    verified: str
    says: Text


@dataclass(frozen=True, slots=True)
class RemoteClass:
    """`revision` changes when any of it does."""

    good: Good
    bad: Bad
    lesson: LessonRule
    held: HeldRule
    sources: tuple[Source, ...]
    revision: str
