"""Schools as a CSV file that `read` understands: what goes out comes back equal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from collector.register.model import School
from collector.register.school_facts import facts_of
from collector.register.sheet.columns import TITLES, Found, columns_for
from collector.register.sheet.compare import megabits, shown
from probes.text import Language


def write_sheet(schools: Sequence[School], language: Language) -> str:
    """A header and a line a school; without schools, an empty form to fill in."""
    links = max([1, *(len(school.links) for school in schools)])
    # The date is left out: whoever edits the file and imports it again means "from today on".
    columns = [column for column in columns_for(links) if column.key != "valid_from"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([TITLES[column.key](language) for column in columns])
    for school in schools:
        writer.writerow(_cells(school, columns, language))
    return text.getvalue()


def _cells(school: School, columns: list[Found], language: Language) -> list[str]:
    facts = facts_of(school)
    cells = []
    for column in columns:
        value = facts.get(column.key)
        if value is None:
            cells.append("")
        elif column.column.read is None:
            cells.append(megabits(int(value)))
        else:
            cells.append(shown(column.key, value, language))
    return cells
