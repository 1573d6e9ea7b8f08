"""The first line of a sheet: what its columns mean, every mistake in it, and lines read by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from collector.register.sheet.cells import CellError, clean
from collector.register.sheet.columns import Found, fold
from collector.register.sheet.decode import Line
from collector.register.sheet.remarks import WHOLE_LINE, Remark
from probes.text import Text

Named = TypeVar("Named")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of sheet knows of its columns.

    Attributes:
        find: the column that a header names; None for one that is not known. Raises CellError.
        nearest: the title of the column that a mistyped header resembles, or None.
        titles: by key.
        required: keys without which nothing can be read.
    """

    find: Callable[[str], Found | None]
    nearest: Callable[[str], Text | None]
    titles: Mapping[str, Text]
    required: tuple[str, ...]


class Header:
    """What the columns of the sheet mean; None for those that are ignored."""

    def __init__(self, line: Line, notices: list[Remark], kind: Kind) -> None:
        self._kind = kind
        self._line = line.number
        self._notices = notices
        self.mistakes: list[Remark] = []
        self.columns: list[tuple[str, Found | None]] = []
        for header in line.cells:
            self.columns.append((header, self._read(header) if header else None))
        self._check()

    def complain(self, header: str, text: Text) -> None:
        self.mistakes.append(Remark(self._line, Text(header, header), "", text))

    def title(self, key: str) -> Text:
        """What the sheet calls the column `key`, else what we do."""
        for header, found in self.columns:
            if found and found.key == key:
                return Text(header, header)
        return self._kind.titles[key]

    def facts(self, line: Line, mistakes: list[Remark]) -> dict[str, Any]:
        """What a line says, by the keys of its columns; None where a cell is empty."""
        facts: dict[str, Any] = {}
        for (header, found), cell in zip(self.columns, line.cells, strict=True):
            if found is None:
                continue
            try:
                text = clean(cell)
                facts[found.key] = found.read(text) if text else None
            except CellError as exc:
                mistakes.append(Remark(line.number, Text(header, header), cell, exc.text))
        return facts

    def _read(self, header: str) -> Found | None:
        try:
            found = self._kind.find(clean(header))
        except CellError as exc:
            self.complain(header, exc.text)
            return None
        if found is None:
            self._note_unknown(header)
        return found

    def _note_unknown(self, header: str) -> None:
        """A name much like one of ours is a slip; any other column is none of our business."""
        close = self._kind.nearest(header)
        if close is None:
            ignored = Text("不认识，已忽略这一列", "not known; this column is ignored")
            self._notices.append(Remark(self._line, Text(header, header), "", ignored))
            return
        self.complain(
            header,
            Text(
                f"没有这一列，是否为“{close.zh}”？请改表头或删去这一列",
                f'no such column; is it "{close.en}"? Correct the header or delete the column',
            ),
        )

    def _check(self) -> None:
        first: dict[str, str] = {}
        for header, found in self.columns:
            if found is None:
                continue
            other = first.setdefault(found.key, header)
            if other is not header:
                self.complain(
                    header,
                    Text(f"与“{other}”列是同一项，请只留一列", f'same as "{other}"; keep one'),
                )
        for key in self._kind.required:
            if key not in first:
                title = self._kind.titles[key]
                self.complain(
                    "", Text(f"表头里没有“{title.zh}”列", f'there is no column "{title.en}"')
                )


def columns_named(
    line: Line, index: Mapping[str, Named], known: Sequence[Text], mistakes: list[Remark]
) -> list[Named]:
    """The columns of a sheet that has no others than those of `index`, each once at most.

    Args:
        index: what a column may be called, folded.
        known: the titles that are named to whoever wrote another.
    """
    columns: list[Named] = []
    for title in line.cells:
        column = index.get(fold(title))
        if column is None or column in columns:
            zh, en = "、".join(t.zh for t in known), ", ".join(t.en for t in known)
            text = Text(
                f"没有这一列或重复；可用的列有：{zh}", f"no such column, or twice; known: {en}"
            )
            mistakes.append(Remark(line.number, WHOLE_LINE, title, text))
        else:
            columns.append(column)
    return columns


def has_width(line: Line, wanted: int, mistakes: list[Remark]) -> bool:
    """Whether a line has a cell for each column of the header."""
    n = len(line.cells)
    if n != wanted:
        text = Text(
            f"有 {n} 个单元格，表头有 {wanted} 列；值里有逗号时请用引号括起",
            f"{n} cells where the header has {wanted}; quote values that contain commas",
        )
        mistakes.append(Remark(line.number, WHOLE_LINE, "", text))
    return n == wanted
