"""What an import would change: each school of a sheet against the register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from collector.register.model import School
from collector.register.register import ALWAYS
from collector.register.room_facts import ROOM
from collector.register.school_facts import Fact, differences
from collector.register.sheet.columns import TITLES, WORDS_OF
from collector.register.sheet.read import Row
from probes.text import Language, Text

_YES_NO = {True: Text("是", "yes"), False: Text("否", "no")}
_ROOM_TITLE = Text("房间", "room")


@dataclass(frozen=True, slots=True)
class Change:
    """A school as it will be, and how that differs. `before` is None for a new school."""

    school: School
    before: School | None
    differences: Mapping[str, tuple[Fact, Fact]]

    @property
    def kind(self) -> str:
        if self.before is None:
            return "new"
        return "changed" if self.differences else "unchanged"


def compare(
    rows: list[Row], known: Mapping[str, School], since: date | None, today: date
) -> list[Change]:
    """In the order of the sheet.

    Facts hold from the date in the sheet, else from `since`, else for a new school from as far back
    as anyone asks, and for a changed one from `today`.
    """
    changes = []
    for row in rows:
        before = known.get(row.school.code)
        day = row.valid_from or since or (today if before else ALWAYS)
        school = replace(row.school, valid_from=day)
        changes.append(Change(school, before, differences(before, school)))
    return changes


def shown(key: str, value: Fact, language: Language) -> str:
    """A fact for people: `300 Mbit/s`, `教学点`; a dash where nothing is known."""
    if value in (None, ""):
        return "—"
    if key.endswith("_bits_per_second"):
        return f"{megabits(int(value or 0))} Mbit/s"
    if isinstance(value, bool):
        return _YES_NO[value](language)
    words = WORDS_OF.get(key.rpartition(".")[2], {}).get(str(value))
    return words[0] if words and language is Language.ZH else str(value)


def title(key: str, language: Language) -> str:
    if key.startswith(ROOM):
        return f"{_ROOM_TITLE(language)} {key.removeprefix(ROOM)}"
    return TITLES[key](language)


def megabits(bits: int) -> str:
    """Exactly, without trailing zeros: 1500000 -> `1.5`."""
    whole, rest = divmod(bits, 10**6)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)
