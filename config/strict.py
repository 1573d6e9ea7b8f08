"""Reads a TOML table strictly: every key is asked for by name, and a key that nobody asked for is
an error that names file and key.

For policy data and the calendar. It converts nothing but types; what a value means is said where it
is read.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from config.toml_file import plain
from probes.model import Role
from probes.text import BanjunError, Text

T = TypeVar("T")


class PolicyError(BanjunError):
    """Policy data that contradicts itself or the vocabulary; the text names file and key."""


def read_toml(path: Path) -> dict[str, Any]:
    """The file as plain data; decimal fractions stay exact. Raises PolicyError."""
    return plain(path, PolicyError, parse_float=Decimal)


def revision_of(data: object) -> str:
    """Twelve hex digits that change when the data changes, not when a comment does."""
    plain = json.dumps(data, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def refuse_twins(ids: Iterable[str], words: Callable[[str], Text]) -> None:
    """Raises PolicyError with the `words` for the first id that is there twice."""
    for twin, times in sorted(Counter(ids).items()):
        if times > 1:
            raise PolicyError(words(twin))


def _shown(value: object) -> Text:
    """A single value as it is written; tables and lists by their kind, as they may hold secrets."""
    if isinstance(value, Mapping):
        return Text("一个表", "a table")
    if isinstance(value, list):
        return Text("一个列表", "a list")
    return Text(repr(value), repr(value))


class Table:
    """One table of a file. Use it in a `with` block: leaving it refuses keys nobody asked for."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data = data
        self._asked: set[str] = set()
        self.where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            return
        unknown = sorted(self._data.keys() - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise self.error(
                unknown[0],
                f"没有这个键；可用的有：{known}",
                f"there is no such key; known: {known}",
            )

    def error(self, key: str, zh: str, en: str) -> PolicyError:
        where = self.path(key)
        return PolicyError(Text(f"{where}：{zh}。", f"{where}: {en}."))

    def path(self, key: str) -> str:
        """`file: table.key`, as errors name it."""
        return f"{self.where}.{key}" if ":" in self.where else f"{self.where}: {key}"

    def plain(self) -> Mapping[str, Any]:
        """The data as they stand in the file, to tell whether they changed."""
        return self._data

    def names(self) -> Collection[str]:
        """All that are there: for a table whose keys are names."""
        return self._data.keys()

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._data

    def _get(self, key: str, kind: type[T], wanted: Text, default: T | None = None) -> T:
        if not self.has(key):
            if default is None:
                raise self.error(key, "缺少这个键", "this key is missing")
            return default
        value = self._data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            shown = _shown(value)
            raise self.error(
                key,
                f"{shown.zh} 应为{wanted.zh}",
                f"{shown.en} should be {wanted.en}",
            )
        return value

    def hidden(self, key: str) -> object:
        """The value of a secret, of whatever type: whoever asks checks it, and does not quote it.
        Raises PolicyError when it is missing."""
        return self._get(key, object, Text("", ""))

    def text(self, key: str, default: str | None = None) -> str:
        return self._get(
            key, str, Text("文字，用英文双引号括起来", "words in double quotes"), default
        )

    def is_text(self, key: str) -> bool:
        """Whether the key is there with text, where a number would do too."""
        return self.has(key) and isinstance(self._data[key], str)

    def boolean(self, key: str, default: bool | None = None) -> bool:
        return self._get(key, bool, Text(" true 或 false", "true or false"), default)

    def integer(self, key: str, default: int | None = None) -> int:
        return self._get(
            key, int, Text("整数，不加引号", "a whole number, without quotes"), default
        )

    def day(self, key: str) -> date:
        return self._get(
            key,
            date,
            Text("日期，例如 2026-09-01，不加引号", "a date such as 2026-09-01, without quotes"),
        )

    def day_or_none(self, key: str) -> date | None:
        return self.day(key) if self.has(key) else None

    def number(self, key: str) -> Fraction:
        """An integer or decimal fraction, exactly."""
        self.has(key)
        value = self._data.get(key)
        if isinstance(value, Decimal) and value.is_finite():
            return Fraction(value)
        return Fraction(self.integer(key))

    def fraction(self, key: str) -> Fraction:
        """Written as text, so that one third stays one third: "1/3", "20%", "1"."""
        text = self.text(key).strip()
        try:
            return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise self.error(
                key, f"“{text}”应写成 1/3、20% 或 1", f"{text!r} is not like 1/3, 20% or 1"
            ) from None

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            known = ", ".join(sorted(choices))
            raise self.error(
                key, f"“{value}”不在可用值 {known} 之中", f"{value!r} is not one of {known}"
            )
        return value

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values = self._get(
            key,
            list,
            Text('列表，例如 ["…", "…"]', 'a list, such as ["…", "…"]'),
            None if default is None else list(default),
        )
        if not all(isinstance(v, str) for v in values):
            raise self.error(key, "应为文字的列表", "a list of strings is wanted")
        return tuple(values)

    def roles(self, key: str) -> frozenset[Role]:
        for word in (words := self.words(key)):
            if word not in set(Role):
                known = ", ".join(Role)
                raise self.error(key, f"“{word}”不是 {known}", f"{word!r} is not one of {known}")
        return frozenset(map(Role, words))

    def clock(self, value: object, key: str) -> time:
        """`08:20` as a time of day."""
        try:
            return time.fromisoformat(str(value))
        except ValueError:
            raise self.error(
                key, f"“{value}”不是时刻，应写成 08:20", f"{value!r} is not a time such as 08:20"
            ) from None

    def items(self, key: str, default: list[Any] | None = None) -> list[Any]:
        return self._get(key, list, Text("列表", "a list"), default)

    def table(self, key: str) -> Table:
        return Table(self._get(key, dict, Text("{ … } 表", "a table, { … }")), self.path(key))

    def tables(self, key: str, *, optional: bool = False) -> list[Table]:
        """The tables of an array of tables, numbered from 1 as a person counts them."""
        rows = self.items(key, [] if optional else None)
        if not all(isinstance(row, dict) for row in rows):
            raise self.error(key, "应为表的列表", "a list of tables is wanted")
        return [Table(row, f"{self.path(key)}[{n}]") for n, row in enumerate(rows, 1)]

    def named_tables(self, key: str) -> dict[str, Table]:
        """The tables inside the table `key`, by their names."""
        outer = self.table(key)
        return {name: outer.table(name) for name in outer.names()}

    def bilingual(self, key: str) -> Text:
        """`{ zh = "…", en = "…" }`; both languages are wanted."""
        with self.table(key) as words:
            return Text(words.text("zh"), words.text("en"))
