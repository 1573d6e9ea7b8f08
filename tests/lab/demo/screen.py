"""The demonstration in a terminal: a table that is refreshed in place, or lines where none is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text as Cell

from collector.commands.output import UNKNOWN
from collector.commands.verdict_tables import STYLES, VERDICTS
from probes.text import Language, Text
from tests.lab.demo.plan import DemoSchool
from tests.lab.demo.seen import Seen
from tests.lab.demo.truth import ROWS, TEN, Truth

MARKS = {True: Cell("✓", "green"), False: Cell("✗", "yellow")}
"""Whether what is judged is the truth."""
UNDER = {True: Text("欠供", "short"), False: Text("足额", "full"), None: Text(UNKNOWN, UNKNOWN)}
"""Whether a line brings what was contracted."""
_EACH = Text("/校", "/school")
_NONE = Text(UNKNOWN, UNKNOWN)
_SCHOOL_TITLES = (
    Text("学校", "school"),
    Text("班", "cl."),
    Text("合同", "contract"),
    Text("线路", "line"),
    Text("学生", "pupils"),
    Text("最近", "newest"),
    Text("中位（次）", "median (n)"),
    Text("≥10M/班", "≥10M/class"),
    Text("应为", "truth"),
    Text("到货", "brings"),
    Text("", ""),
)
_AREA_TITLES = (
    Text("全县目标", "area target"),
    Text("占比", "share"),
    Text("结论", "verdict"),
    Text("应为", "truth"),
    Text("", ""),
)
PIPE_COLUMNS = 120


class Screen:
    def __init__(self, language: Language) -> None:
        self._language = language
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = PIPE_COLUMNS
        self._live: Live | None = None
        self._started = time.monotonic()
        self._lines: dict[str, str] = {}

    def say(self, text: Text) -> None:
        """A line that stays."""
        self._console.print(text(self._language), markup=False, soft_wrap=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """In which `show` may be called again and again."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=4, transient=True) as self._live:
            yield
        self._live = None

    def show(self, seen: Seen, truth: Truth, stage: Text) -> None:
        if self._live is not None:
            self._live.update(self._whole(seen, truth, stage))
            return
        for school in truth.schools:
            self._tell(school.code, self._row_as_line(seen, truth, school))
        counts = self._counts(seen, truth)
        self._tell("", f"{counts}  {stage(self._language)}")

    def summary(self, seen: Seen, truth: Truth, stage: Text) -> None:
        """The table as it stands, for pasting."""
        self._console.print(self._whole(seen, truth, stage))

    def _tell(self, key: str, line: str) -> None:
        """What has changed, as a line."""
        if self._lines.get(key) != line:
            self._lines[key] = line
            print(f"{self._elapsed()}  {line}", flush=True)

    def _row_as_line(self, seen: Seen, truth: Truth, school: DemoSchool) -> str:
        found, lang = seen.school(school), self._language
        now = VERDICTS.get(found.verdicts.get(TEN, ""), _NONE)(lang)
        right = VERDICTS[truth.verdict(school, TEN)](lang)
        asked = Text(f"≥10M/班：{now}，应为{right}", f"≥10M/class: {now}, truth {right}")(lang)
        brings = UNDER[found.underdelivered](lang)
        return f"{MARKS[found.agrees(school, truth)]} {school.name(lang)} {asked}; {brings}"

    def _whole(self, seen: Seen, truth: Truth, stage: Text) -> Group:
        head = f"{self._elapsed()}  {self._counts(seen, truth)}  {stage(self._language)}"
        return Group(self._schools(seen, truth), self._areas(seen, truth), Cell(head, "bold"))

    def _schools(self, seen: Seen, truth: Truth) -> Table:
        lang = self._language
        table = self._table(_SCHOOL_TITLES)
        for school in truth.schools:
            found = seen.school(school)
            table.add_row(
                school.name(lang),
                f"{school.classes}",
                f"{school.contract_mbit}M",
                f"{truth.mbit[school.code]:g}M",
                f"{school.pupils}",
                _mbit(found.newest_mbit),
                f"{_mbit(found.median_mbit)} ({found.n})",
                self._verdict(found.verdicts.get(TEN)),
                self._verdict(truth.verdict(school, TEN)),
                Cell(UNDER[found.underdelivered](lang), "red" if found.underdelivered else ""),
                MARKS[found.agrees(school, truth)],
            )
        return table

    def _areas(self, seen: Seen, truth: Truth) -> Table:
        table = self._table(_AREA_TITLES)
        for row, (demand, share) in ROWS.items():
            now, right = seen.areas.get(row), truth.area(row)
            year, unit = row.split(".")[2], Text("/班", "/class") if demand.per_class else _EACH
            table.add_row(
                f"{year} ≥{demand.mbit}M{unit(self._language)}",
                f"{share}",
                self._verdict(now),
                self._verdict(right),
                MARKS[now == right],
            )
        return table

    def _table(self, titles: Sequence[Text]) -> Table:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for title in titles:
            table.add_column(title(self._language), no_wrap=True)
        return table

    def _verdict(self, verdict: str | None) -> Cell:
        if verdict is None:
            return Cell(UNKNOWN)
        return Cell(VERDICTS[verdict](self._language), STYLES.get(verdict, ""))

    def _counts(self, seen: Seen, truth: Truth) -> str:
        schools, areas = seen.schools_right(truth), seen.areas_right(truth)
        return Text(
            f"与真值一致：学校 {schools}/{len(truth.schools)}，全县 {areas}/{len(ROWS)}",
            f"agreement with the truth: schools {schools}/{len(truth.schools)}, "
            f"area {areas}/{len(ROWS)}",
        )(self._language)

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._started)
        return f"{seconds // 60:02}:{seconds % 60:02}"


def _mbit(mbit: float | None) -> str:
    return UNKNOWN if mbit is None else f"{mbit:.1f}M"
