"""Verdicts as tables: whole lines for a pipe; for a person, schools as headings, reasons as notes.

Tolerant of rows: what the judge leaves out is a dash, what it adds is not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from collector.commands.output import UNKNOWN, Styled, show_table, words
from config.measurement import DUTIES
from config.quantity import show
from probes.model import Unit
from probes.text import Language, Text

Row = Mapping[str, Any]

VERDICTS = {
    "met": Text("达标", "met"),
    "not_met": Text("未达标", "not met"),
    "undetermined": Text("无法判定", "undetermined"),
    "not_applicable": Text("不适用", "not applicable"),
}
STYLES = {
    "met": "green",
    "pass": "green",
    "attested": "green",
    "not_met": "red",
    "fail": "red",
    "undetermined": "yellow",
    "unknown": "yellow",
    "error": "yellow",
}
_DUTIES = Text("安全职责", "security duties")
_SCHOOL = Text("学校", "school")
_TARGET = Text("目标", "target")
_DUE = Text("截止", "due")
_REQUIRED = Text("要求", "required")
_VALUE = Text("现值", "value")
_EVIDENCE = Text("证据", "n")
_COVERAGE = Text("覆盖", "cover")
_VERDICT = Text("结论", "verdict")
_REASON = Text("理由", "reason")
_CHEAPEST = Text("最省方案", "cheapest way")
_REGION = Text("地区", "region")
_AREA = Text("区域", "area")
_SHARE = Text("占比", "share")
_COUNTS = Text("达标/未定/共", "met/?/of")
_MISSING = Text("还差", "short")
_NOTE = Text("注", "note")
MOST = 6
"""So many verdicts of each of several schools are shown, whatever they are about."""
_OTHERS = Text("其他目标", "other targets")
_OTHERS_HINT = Text(
    "教室、设备和应用的目标逐项看：verdicts --school 学校代码",
    "Targets about rooms, devices and their use, one by one: verdicts --school CODE",
)


def show_scores(duties: Sequence[Row], language: Language) -> None:
    """A line a school: how many of its duties are fulfilled, with all counts beside it."""
    for name, rows in groupby(duties, key=lambda row: row.get("school_name") or row.get("school")):
        counts = Counter(row["verdict"] for row in rows if not row.get("advice"))
        asked = counts.total() - counts["not_applicable"]
        good = counts["pass"] + counts["attested"]
        told = [f"{DUTIES[state].title(language)} {n}" for state, n in counts.most_common()]
        print(f"{name}: {_DUTIES(language)} {good}/{asked} ({', '.join(told)})")


def show_whole(schools: Sequence[Row], areas: Sequence[Row], language: Language) -> None:
    """A line says all that it has to say."""
    if schools:
        titles = (
            _SCHOOL,
            _TARGET,
            _DUE,
            _REQUIRED,
            _VALUE,
            _EVIDENCE,
            _COVERAGE,
            _VERDICT,
            _REASON,
        )
        lines = [
            [
                row.get("school_name") or row.get("school"),
                words(row.get("title"), language),
                row.get("due"),
                *_figures(row, language),
                _verdict(row, language),
                words(row.get("reason"), language),
            ]
            for row in schools
        ]
        show_table([title(language) for title in titles], lines)
    if schools and areas:
        print()
    if areas:
        of_areas = (_REGION, _AREA, _TARGET, _DUE, _REQUIRED, _SHARE, _COUNTS, _VERDICT, _REASON)
        titles_of_areas = [title(language) for title in (*of_areas, _CHEAPEST)]
        lines = [
            [
                row.get("region"),
                words(row.get("area_title", row.get("area")), language),
                words(row.get("title"), language),
                row.get("due"),
                *_shares(row, language),
                _verdict(row, language),
                words(row.get("reason"), language),
                words((row.get("plan") or {}).get("text"), language),
            ]
            for row in areas
        ]
        show_table(titles_of_areas, lines)


def show_for_people(schools: Sequence[Row], areas: Sequence[Row], language: Language) -> None:
    """Fits a terminal of 80 columns: what repeats is said once.

    Where several schools are asked for much, what is not about the line is only counted, and of
    the areas the demand of the latest year stands for those before it.
    """
    of_school = Counter(row.get("school") for row in schools)
    folded = len(of_school) > 1 and max(of_school.values()) > MOST
    if schools:
        _show_schools([r for r in schools if _is_of_line(r)] if folded else schools, language)
    if folded:
        _show_others([row for row in schools if not _is_of_line(row)], language)
    if areas:
        _show_areas(_latest(areas) if folded else areas, language)


def _is_of_line(row: Row) -> bool:
    return row.get("unit") == Unit.BITS_PER_SECOND


def _show_others(rows: Sequence[Row], language: Language) -> None:
    for name, own in groupby(rows, key=lambda row: row.get("school_name") or row.get("school")):
        counts = Counter(row["verdict"] for row in own)
        told = [
            f"{words_of(language)} {counts[v]}" for v, words_of in VERDICTS.items() if counts[v]
        ]
        print(f"{name}: {_OTHERS(language)} {counts.total()} ({', '.join(told)})")
    if rows:
        print(_OTHERS_HINT(language))
        print()


def _latest(areas: Sequence[Row]) -> list[Row]:
    newest: dict[tuple[object, ...], str] = {}
    for row in areas:
        newest[_demand(row)] = max(newest.get(_demand(row), ""), str(row.get("due")))
    return [row for row in areas if _is_of_line(row) or newest[_demand(row)] == str(row.get("due"))]


def _demand(row: Row) -> tuple[object, ...]:
    return row.get("region"), row.get("area"), str(words(row.get("title"), Language.ZH))


def _show_areas(areas: Sequence[Row], language: Language) -> None:
    titles = (_TARGET, _REQUIRED, _SHARE, _COUNTS, _MISSING, _VERDICT)
    lines: list[list[object]] = []
    by_area = sorted(areas, key=lambda row: (str(row.get("region")), str(row.get("area"))))
    for (region, area), rows in groupby(by_area, key=lambda row: _place(row, language)):
        lines.append(_heading(f"{region} {area}", titles))
        for row in rows:
            missing, verdict = row.get("missing_schools"), _verdict(row, language)
            lines.append([_target(row, language), *_shares(row, language), missing, verdict])
    show_table([title(language) for title in titles], lines, folds=(0,))
    for row in by_area:
        if row.get("missing_schools") and row.get("plan"):
            print(_plan(row, language))


def _plan(row: Row, language: Language) -> str:
    """The cheapest way to an area's share: a sentence, and what each school has to do."""
    place, plan = " ".join(_place(row, language)), row["plan"]
    lines = [f"{place} {_target(row, language)}: {words(plan['text'], language)}"]
    for school in plan["schools"]:
        add = school["add_bits_per_second"]
        shown = f" +{show(add, Unit.BITS_PER_SECOND, language)}" if add else ""
        lines.append(f"  {school['school']} {words(school['step_text'], language)}{shown}")
    return "\n".join(lines)


def _place(row: Row, language: Language) -> tuple[str, str]:
    return str(row.get("region")), str(words(row.get("area_title", row.get("area")), language))


def _heading(text: str, titles: Sequence[Text]) -> list[object]:
    return [Styled(text, "bold"), *[""] * (len(titles) - 1)]


def _show_schools(schools: Sequence[Row], language: Language) -> None:
    notes: dict[str, int] = {}
    lines: list[list[object]] = []
    titles = (_TARGET, _REQUIRED, _VALUE, _EVIDENCE, _COVERAGE, _VERDICT, _NOTE)
    for name, rows in groupby(schools, key=lambda row: row.get("school_name") or row.get("school")):
        lines.append(_heading(str(name), titles))
        for row in rows:
            reason = str(words(row.get("reason"), language) or "")
            note = notes.setdefault(reason, len(notes) + 1) if reason else ""
            line = [_target(row, language), *_figures(row, language), _verdict(row, language), note]
            lines.append(line)
    show_table([title(language) for title in titles], lines, folds=(0, 2))
    for reason, number in notes.items():
        print(f"[{number}] {reason}")
    print()


def _target(row: Row, language: Language) -> str:
    """The target and the year in which it is due."""
    return f"{words(row.get('title'), language)} {(row.get('due') or '')[:4]}".strip()


def _figures(row: Row, language: Language) -> list[object]:
    coverage = row.get("coverage")
    return [
        _quantity(row, "required", language),
        _quantity(row, "value", language),
        row.get("evidence_n"),
        f"{coverage:.0%}" if isinstance(coverage, int | float) else None,
    ]


def _shares(row: Row, language: Language) -> list[object]:
    counts = [row.get(key, UNKNOWN) for key in ("met", "undetermined", "n")]
    return [
        _quantity(row, "required", language),
        f"{row.get('share_operator', '')} {row.get('share', UNKNOWN)}".strip(),
        "/".join(str(count) for count in counts),
    ]


def _quantity(row: Row, key: str, language: Language) -> object:
    """The words that the judge gives for a figure, else the bare figure and its unit."""
    shown = row.get(f"{key}_text")
    if shown is not None:
        return words(shown, language)
    value = row.get(key)
    return None if value is None else f"{value} {row.get('unit', '')}".strip()


def _verdict(row: Row, language: Language) -> Styled:
    code = str(row.get("verdict", UNKNOWN))
    ours = VERDICTS.get(code, Text(code, code))(language)
    return Styled(str(words(row.get("verdict_text"), language) or ours), STYLES.get(code, ""))
