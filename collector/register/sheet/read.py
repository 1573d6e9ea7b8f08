"""A sheet of schools as facts, with every mistake in it named by line, column and value.

Nothing of a sheet with a mistake is used. A column that the sheet does not have leaves what the
register knows; an empty cell says that the fact is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from collector.register.model import School
from collector.register.school_facts import STAGES, Facts, facts_of, school_from
from collector.register.sheet import columns
from collector.register.sheet.columns import STAGE_NAMES, TITLES
from collector.register.sheet.decode import Line, lines_of
from collector.register.sheet.header import Header, Kind, has_width
from collector.register.sheet.remarks import Remark, SheetError
from probes.text import Text

SCHOOLS = Kind(columns.find, columns.nearest, TITLES, ("code",))


@dataclass(frozen=True, slots=True)
class Row:
    """A school as the register will know it. `valid_from`: the date that the sheet itself gives."""

    line: int
    school: School
    valid_from: date | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet without mistakes. `notices` are worth reading; nothing has to be done about them."""

    rows: list[Row] = field(default_factory=list)
    notices: list[Remark] = field(default_factory=list)


def read_sheet(data: bytes, known: Mapping[str, School], calendars: Collection[str]) -> Sheet:
    """Raises UnreadableSheetError or SheetError.

    `known`: the schools that there are, by code. `calendars`: the names of those that there are.
    """
    first, *lines = lines_of(data)
    sheet = Sheet()
    header = Header(first, sheet.notices, SCHOOLS)
    body = _Body(header, known, calendars, sheet)
    for line in lines:
        body.read(line)
    if not lines:
        header.complain("", Text("表头之后没有学校", "no school follows the header"))
    if mistakes := header.mistakes + body.mistakes:
        raise SheetError(mistakes)
    return sheet


class _Body:
    """The lines below the header, one school each."""

    def __init__(
        self,
        header: Header,
        known: Mapping[str, School],
        calendars: Collection[str],
        sheet: Sheet,
    ) -> None:
        self.mistakes: list[Remark] = []
        self._header = header
        self._known = known
        self._calendars = calendars
        self._sheet = sheet
        self._line_of: dict[str, int] = {}

    def read(self, line: Line) -> None:
        if not has_width(line, len(self._header.columns), self.mistakes):
            return
        before = len(self.mistakes)
        facts = self._header.facts(line, self.mistakes)
        code = self._code(line.number, facts)
        if code is not None and len(self.mistakes) == before:
            self._add(line.number, code, facts)

    def _complain(self, line: int, column: Text, value: str, text: Text) -> None:
        self.mistakes.append(Remark(line, column, value, text))

    def _code(self, line: int, facts: Facts) -> str | None:
        """The code of the line; None if it cannot be used, which was then said."""
        if "code" not in facts:
            return None
        column = self._header.title("code")
        if facts["code"] is None:
            self._complain(line, column, "", Text("不能为空", "must not be empty"))
            return None
        code = str(facts["code"])
        first = self._line_of.setdefault(code, line)
        if first != line:
            text = Text(f"与第 {first} 行重复", f"the same as on line {first}")
            self._complain(line, column, code, text)
            return None
        return code

    def _add(self, line: int, code: str, facts: Facts) -> None:
        day = facts.pop("valid_from", None)
        old = self._known.get(code)
        merged = {**(facts_of(old) if old else {}), **facts}
        faults = [*_missing(merged), *_classless(merged), *_too_many(merged)]
        faults += self._unknown_calendar(merged)
        for key, value, text in faults:
            self._complain(line, self._header.title(key), value, text)
        if faults:
            return
        school = school_from(merged)
        for key, text in _gaps(school):
            self._sheet.notices.append(Remark(line, self._header.title(key), code, text))
        since = date.fromisoformat(str(day)) if day else None
        self._sheet.rows.append(Row(line, school, since))

    def _unknown_calendar(self, facts: Facts) -> list[tuple[str, str, Text]]:
        name = facts.get("calendar")
        if name is None or name in self._calendars:
            return []
        known = ", ".join(sorted(self._calendars))
        text = Text(f"没有这个校历；可用的有：{known}", f"no such calendar; known: {known}")
        return [("calendar", str(name), text)]


def _missing(facts: Facts) -> Sequence[tuple[str, str, Text]]:
    text = Text("必须填写", "must be filled in")
    return [(key, "", text) for key in ("name", "adcode") if not facts.get(key)]


def _classless(facts: Facts) -> Sequence[tuple[str, str, Text]]:
    """Stages with students and unknown classes, while those of other stages are known.

    Their sum would be too small, and the bandwidth per class too good.
    """
    known = [stage for stage in STAGES if facts.get(f"classes.{stage}") is not None]
    return [
        (
            f"classes.{stage}",
            "",
            Text(
                f"填了{STAGE_NAMES[known[0]]}的班数，{STAGE_NAMES[stage]}有学生却没有班数；"
                "请补上，不清楚就把该校的班数全部留空",
                f"{known[0]} classes are given, and {stage} has students but no classes; fill them "
                "in, or leave all classes of the school empty if they are not known",
            ),
        )
        for stage in STAGES
        if known and stage not in known and facts.get(f"students.{stage}")
    ]


def _too_many(facts: Facts) -> Sequence[tuple[str, str, Text]]:
    """Parts that are more than the whole that they are of."""
    rooms = "networked_multimedia_rooms"
    by_stage = [int(n) for key, n in facts.items() if key.startswith(f"{rooms}.") and n]
    parts = {"equipped_places": facts.get("equipped_places"), rooms: sum(by_stage)}
    wholes = {"equipped_places": "main_teaching_places", rooms: rooms}
    found = []
    for key, part in parts.items():
        whole = facts.get(wholes[key])
        if part is not None and whole is not None and int(part) > int(whole):
            title = TITLES[wholes[key]]
            text = Text(
                f"合计 {part}，多于{title.zh} {whole}，请核对",
                f"{part} in all, more than {whole} {title.en}; check it",
            )
            found.append((key, str(part), text))
    return found


def _gaps(school: School) -> Sequence[tuple[str, Text]]:
    """What keeps a school from being judged, and a code that looks odd."""
    gaps = []
    province = school.adcode[:2]
    if school.code[2:4] != province:
        text = Text(
            f"第 3、4 位通常是省份代码 {province}，请核对",
            f"digits 3 and 4 are usually those of the province, {province}; check it",
        )
        gaps.append(("code", text))
    if not school.policy_area:
        text = Text("没有区域，分区域的目标不计入该校", "no area: targets by area leave it out")
        gaps.append(("policy_area", text))
    if school.classes is None:
        text = Text("班数未知，班均带宽将无法判定", "unknown: nothing per class can be judged")
        gaps.append(("classes", text))
    return gaps
