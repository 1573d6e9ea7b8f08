"""How things in schools are counted: which computers are pupils', and how old evidence may be.

Data of policies/counting.toml; what the words mean is the register's and the inventory's affair.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComputerRule:
    """Which devices count.

    Attributes:
        kinds: classes of device.
        uses: uses that people declared.
        rooms: kinds of room in which a computer counts of which nobody declared the use.
    """

    kinds: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Attributes:
    seen_within_days: a device that was not seen for longer is not counted.
    survey_days: how long a survey of a room's Wi-Fi holds.
    office_rooms: kinds of room that are looked at in an education office (办公区).
    gear: classes of device that are expected to be on all the time.
    gear_sets: classes of device that are a classroom set (班班通) or a part of one.
    """

    student: ComputerRule = ComputerRule()
    teacher: ComputerRule = ComputerRule()
    seen_within_days: int = 30
    survey_days: int = 400
    office_rooms: frozenset[str] = frozenset()
    gear: frozenset[str] = frozenset()
    gear_sets: frozenset[str] = frozenset()
    origin: str = "default"
    revision: str = ""


NOTHING_COUNTED = Counting()
