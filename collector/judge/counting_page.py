"""docs/policies/counting.md: how computers and places are counted, as counting.toml says."""

from __future__ import annotations

from collections.abc import Iterable

from collector.inventory.model import DeviceKind, Use
from collector.judge.gear import CLASSES
from collector.register.room import ROOM_TITLES, RoomKind
from config.counting import ComputerRule, Counting
from probes.text import Text

NAME = "counting.md"
_USES: dict[Use, Text] = {
    Use.STUDENT: Text("学生用", "students"),
    Use.TEACHER: Text("教师用", "teachers"),
    Use.ADMIN: Text("办公用", "administration"),
    Use.UNKNOWN: Text("未说明", "not said"),
}


def page(counting: Counting, notice: str) -> str:
    lines = [
        notice,
        "",
        "# 怎么数 · How things are counted",
        "",
        "每台设备只数一次；报废的、标明不管的不数。清点到的是“至少有”。",
        "A device counts once; scrapped and ignored ones never. What was seen is the least that "
        "there is.",
        "",
        "| | 设备 devices | 用途 use | 没有说明用途时看房间 by room, where no use is declared |",
        "|---|---|---|---|",
        _row(Text("学生终端", "student terminals"), counting.student),
        _row(Text("教师终端", "teacher terminals"), counting.teacher),
        "",
        f"- {counting.seen_within_days} 天内见过的才数 "
        f"(only what was seen within {counting.seen_within_days} days)",
        f"- 无线勘测的有效期 a survey of Wi-Fi holds: {counting.survey_days} 天 (days)",
        f"- 教育机关的办公区 rooms of an education office: {_rooms(counting.office_rooms)}",
        f"- 证明装有班班通的设备 devices that show a classroom set: {_kinds(counting.gear_sets)}",
        f"- 应一直开着的设备 to be on all the time: {_kinds(counting.gear)}",
        f"- 来源 origin: {counting.origin}",
        f"- 版本 revision: `{counting.revision}`",
    ]
    return "\n".join(lines) + "\n"


def _row(title: Text, rule: ComputerRule) -> str:
    uses = _listed(_USES[Use(use)] for use in sorted(rule.uses))
    return f"| {title.zh} {title.en} | {_kinds(rule.kinds)} | {uses} | {_rooms(rule.rooms)} |"


def _kinds(kinds: Iterable[str]) -> str:
    return _listed(CLASSES[DeviceKind(kind)] for kind in sorted(kinds))


def _rooms(kinds: Iterable[str]) -> str:
    return _listed(ROOM_TITLES[RoomKind(kind)] for kind in sorted(kinds))


def _listed(words: Iterable[Text]) -> str:
    some = list(words)
    return f"{'、'.join(w.zh for w in some)} ({', '.join(w.en for w in some)})"
