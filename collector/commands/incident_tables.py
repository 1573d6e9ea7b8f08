"""Security incidents and their clocks as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from collector.commands.output import Styled, say, show_table, words
from probes.text import Language, Text

Row = Mapping[str, Any]

_STYLES = {"missed": "red", "running": "yellow", "met_late": "yellow"}
_LIST = (
    Text("编号", "no."),
    Text("学校", "school"),
    Text("种类", "kind"),
    Text("状态", "phase"),
    Text("级别", "class"),
    Text("获知", "known"),
    Text("最近的时限", "next clock"),
    Text("剩余", "left"),
    Text("未报", "owed"),
)
_CLOCKS = (
    Text("时限", "clock"),
    Text("内容", "what"),
    Text("状态", "state"),
    Text("截止", "until"),
    Text("剩余", "left"),
    Text("依据", "because"),
    Text("报给", "to"),
)
_CRITERIA = (
    Text("级别", "class"),
    Text("标准", "criterion"),
    Text("依据", "because"),
    Text("出处", "source"),
)
_RULES = (
    Text("时限", "clock"),
    Text("内容", "what"),
    Text("多长", "limit"),
    Text("报给", "to"),
    Text("出处", "source"),
)
_UNSETTLED = Text(
    "级别未定时按可能的最高级别计时；研判后用 incident set 编号 class=… 写明，"
    "之后事实有变要重新研判。",
    "While it is undetermined, clocks run as for the highest; once judged, say incident set N "
    "class=..., and judge anew when facts change.",
)
_INSTANTS = frozenset({"first_seen", "known_at", "ended_at", "at"})
"""Of a history entry's detail, what is an instant and is shown as one."""
_HISTORY = (Text("时间", "at"), Text("谁", "who"), Text("做了什么", "what"), Text("内容", "detail"))


def show_list(rows: Sequence[Row], zones: Mapping[str, tzinfo], language: Language) -> None:
    """Open incidents. `zones`: of each school."""
    lines = []
    for row in rows:
        owed = [each for each in row["clocks"] if each["left_seconds"] is not None]
        first = min(owed, key=lambda each: each["left_seconds"], default=None)
        lines.append(
            [
                row["incident"],
                row["school_name"] or row["school"],
                words(row["title"], language),
                words(row["phase_text"], language),
                words(row["class_text"], language),
                _local(row["known_at"], zones[row["school"]]),
                first and f"{first['clock']} {words(first['title'], language)}",
                first and _left(first, language),
                len(owed),
            ]
        )
    show_table([title(language) for title in _LIST], lines)


def show_whole(row: Row, zone: tzinfo, language: Language) -> None:
    """One incident: what is known, its clocks, its history."""
    where = row["school_name"] or row["school"]
    phase = words(row["phase_text"], language)
    print(f"{row['incident']}  {where}  {words(row['title'], language)}  {phase}")
    print(f"{Text('级别：', 'Class: ')(language)}{words(row['class_text'], language)}")
    if row["class_certain"] != row["class_possible"]:
        print(f"  {_UNSETTLED(language)}")
    for name, value in row["facts"].items():
        print(f"  {name} = {_known(value)}")
    _show_criteria(row["criteria"], language)
    clocks = [
        [
            each["clock"],
            words(each["title"], language),
            Styled(words(each["state_text"], language), _STYLES.get(each["state"], "")),
            _due(each, zone, language),
            _left(each, language),
            words(each["because"], language),
            "、".join(words(one, language) for one in each["to"]),
        ]
        for each in row["clocks"]
    ]
    show_table([title(language) for title in _CLOCKS], clocks)
    history = [
        [_local(each["at"], zone), each["actor"], words(each["action_text"], language),
         _detail(each["detail"], zone)]
        for each in row["history"]
    ]  # fmt: skip
    show_table([title(language) for title in _HISTORY], history)
    if row["history_fault"] is not None:
        say(_changed(row["history_fault"]), language)


def _show_criteria(criteria: Sequence[Row], language: Language) -> None:
    """Those that are met; of the others the lowest class, whose bounds are the first to be met."""
    shown = [one for one in criteria if one["met"] == "yes" or one["class"] == "large"]
    lines = [
        [words(one[key], language) for key in ("class_text", "met_text", "because", "source")]
        for one in shown
    ]
    if lines:
        show_table([title(language) for title in _CRITERIA], lines)


def show_rules(rows: Row, language: Language) -> None:
    """Kinds, then clocks with whom to tell and where each comes from."""
    kinds = [[one["kind"], words(one["title"], language)] for one in rows["kinds"]]
    show_table([Text("种类", "kind")(language), Text("名称", "name")(language)], kinds)
    clocks = [
        [
            one["clock"],
            words(one["title"], language),
            words(one["limit_text"], language),
            "；".join(words(each, language) for each in one["to"]),
            "；".join(words(each, language) for each in one["sources"]),
        ]
        for one in rows["clocks"]
    ]
    show_table([title(language) for title in _RULES], clocks)


def _due(each: Row, zone: tzinfo, language: Language) -> str | None:
    at = _local(each["due_at"], zone)
    aim = Text("（内部目标）", " (own aim)")(language)
    return at if at is None or each["limit_is_law"] else f"{at}{aim}"


def _left(each: Row, language: Language) -> Styled | None:
    if each["left_text"] is None:
        return None
    return Styled(words(each["left_text"], language), _STYLES.get(each["state"], ""))


def _detail(detail: Row, zone: tzinfo) -> str | None:
    own = {
        key: _local(value, zone) if key in _INSTANTS else value
        for key, value in detail.items()
        if key != "facts" and value != []
    }
    facts = {key: _known(value) for key, value in detail.get("facts", {}).items()}
    return " ".join(f"{key}={value}" for key, value in {**own, **facts}.items()) or None


def _known(value: object) -> object:
    return "unknown" if value is None else value


def _changed(place: int) -> Text:
    return Text(
        f"记录的第 {place} 条被改动过；请从备份核对登记库。",
        f"Entry {place} of the history was changed; compare the register with a backup.",
    )


def _local(at: str | None, zone: tzinfo) -> str | None:
    """In the school's own time."""
    return at and datetime.fromisoformat(at).astimezone(zone).strftime("%m-%d %H:%M")
