"""Printing: tables that fit a terminal and stay whole in a pipe, JSON, and notes beside them.

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from probes.text import Language, Text

PIPE_COLUMNS = 100_000
"""Wide enough that no cell of a pipe is ever cut or folded."""
UNKNOWN = "—"


def show_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One line a row. A terminal folds long cells; a pipe gets them whole, two spaces apart."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Cell

    is_terminal = sys.stdout.isatty()
    table = Table(
        box=SIMPLE_HEAD if is_terminal else None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
    )
    for title in titles:
        table.add_column(Cell(title), overflow="fold")
    for row in rows:
        table.add_row(*(Cell(_plain(cell)) for cell in row))  # a Cell is never read as markup
    console = Console(width=None if is_terminal else PIPE_COLUMNS, highlight=False)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip())


def _plain(cell: object) -> str:
    """What a cell says; an agent's own words must not steer the terminal."""
    if cell is None:
        return UNKNOWN
    text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return "".join(c if c.isprintable() else " " for c in text)


def show_rows(rows: Sequence[Mapping[str, Any]], language: Language) -> None:
    """Flat objects as a table with a column for each key, in order of first sight."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    show_table(keys, [[words(row.get(key), language) for key in keys] for row in rows])


def words(value: Any, language: Language) -> Any:
    """{"zh", "en"} in the reader's language; anything else as it is."""
    if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
        return value[language.value]
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False)
    return value


def show_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def say(text: Text, language: Language) -> None:
    print(text(language), file=sys.stderr, flush=True)
