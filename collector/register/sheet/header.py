"""The first line of a sheet: what its columns mean, and every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector.register.sheet.cells import CellError, clean
from collector.register.sheet.columns import Found
from collector.register.sheet.decode import Line
from collector.register.sheet.remarks import Remark
from probes.text import Text


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
