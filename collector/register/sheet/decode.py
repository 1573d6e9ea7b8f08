"""The bytes of a CSV file as rows of cells, whatever program and system wrote them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from probes.text import BanjunError, Text

MAX_BYTES = 16 * 1024 * 1024
DELIMITERS = ",;\t"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class UnreadableSheetError(BanjunError):
    """The file as a whole is not CSV text; nothing can be said about its lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record; `number` is where it begins, as an editor counts."""

    number: int
    cells: tuple[str, ...]


def lines_of(data: bytes) -> list[Line]:
    """All records that are not blank, the header first. Raises UnreadableSheetError."""
    text = _text(data)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        found = list(_records(text, delimiter))
    except csv.Error as exc:
        raise UnreadableSheetError(
            Text(f"不是有效的 CSV：{exc}。", f"This is not valid CSV: {exc}.")
        ) from exc
    if not found:
        raise UnreadableSheetError(
            Text("文件是空的，第一行应为表头。", "The file is empty; its first line is the header.")
        )
    return found


def _records(text: str, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield Line(begins, tuple(cell.strip() for cell in cells))
        begins = reader.line_num + 1


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise UnreadableSheetError(
            Text(
                f"文件超过 {MAX_BYTES >> 20} MiB，不像是学校名单。",
                f"The file is over {MAX_BYTES >> 20} MiB, too big for a list of schools.",
            )
        )
    if data.startswith(_EXCEL):
        raise UnreadableSheetError(
            Text(
                "这是 Excel 工作簿，不是 CSV。请在 Excel 中“另存为”“CSV UTF-8（逗号分隔）”。",
                'This is an Excel workbook, not CSV. Save it as "CSV UTF-8 (comma delimited)".',
            )
        )
    encodings = ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableSheetError(
        Text(
            "无法识别文件编码：既不是 UTF-8，也不是 GB18030。请另存为“CSV UTF-8”。",
            'The encoding is neither UTF-8 nor GB18030. Save the file as "CSV UTF-8".',
        )
    )
