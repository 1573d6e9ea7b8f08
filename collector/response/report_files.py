"""A report as a file: plain text, or a Word document that a person completes and prints."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.response.report import OPEN, Report, Row
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from docx.document import Document

CHINESE_FONT = "宋体"
"""On every machine that opens Word documents in Chinese, WPS on UOS and Kylin included."""


class ReportFileError(BanjunError):
    """The report cannot be written there, or not in that format."""


def as_text(report: Report) -> bytes:
    """UTF-8. What stands above the last line is what its hash is of."""
    return f"{report.body}\n{report.imprint}\n".encode()


def as_docx(report: Report) -> bytes:
    from docx import Document

    document = Document()
    _set_fonts(document)
    document.core_properties.title = _plain(report.title)
    document.core_properties.author = "Banjun"
    document.core_properties.comments = _plain(report.imprint)
    document.add_heading(_plain(report.title), level=0)
    for section in report.sections:
        document.add_heading(_plain(section.title), level=1)
        table = document.add_table(rows=0, cols=2, style="Table Grid")
        for row in section.rows:
            _add_row(table, row, report.language)
    document.sections[0].footer.paragraphs[0].text = _plain(report.imprint)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


FORMATS: Mapping[str, Callable[[Report], bytes]] = {".docx": as_docx, ".txt": as_text}


def check_target(path: Path) -> None:
    """Raises ReportFileError: an unknown format, a missing folder, or a file that is there."""
    if path.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise ReportFileError(
            Text(
                f"{path}：只能写成 {known}；需要 PDF 时，用 Word 或 WPS 打开 .docx 另存。",
                f"{path}: only {known} can be written; for a PDF open the .docx and save as PDF.",
            )
        )
    if path.exists():
        raise ReportFileError(
            Text(
                f"{path} 已经存在，里面可能有人填写的内容；请换一个文件名。",
                f"{path} is there already, and a person may have written in it; take another name.",
            )
        )
    if not path.parent.is_dir():
        raise ReportFileError(
            Text(
                f"文件夹 {path.parent} 不存在；请先建立，或换一个位置。",
                f"There is no folder {path.parent}; make it, or take another place.",
            )
        )


def write_report(report: Report, path: Path) -> None:
    """For its owner alone to read. Raises ReportFileError."""
    check_target(path)
    content = FORMATS[path.suffix.lower()](report)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as exc:
        raise ReportFileError(
            Text(
                f"写不了 {path}：{exc.strerror}。请检查权限，或换一个位置。",
                f"Cannot write {path}: {exc.strerror}. Check permissions, or take another place.",
            )
        ) from exc


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold; what people type may have them."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def _set_fonts(document: Document) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    for name in ("Normal", "Title", "Heading 1"):
        fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        fonts.attrib.pop(qn("w:eastAsiaTheme"), None)  # it would go before the font
        fonts.set(qn("w:eastAsia"), CHINESE_FONT)
    document.styles["Normal"].font.size = Pt(11)


def _add_row(table: Any, row: Row, language: Language) -> None:
    from docx.shared import Cm

    cells = table.add_row().cells
    for cell, width in zip(cells, (Cm(5), Cm(11)), strict=True):
        cell.width = width
    cells[0].text = _plain(row.label)
    run = cells[1].paragraphs[0].add_run(_plain(row.value))
    run.bold = row.value == OPEN(language)
