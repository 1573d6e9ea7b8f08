"""What kind of document some bytes are, by their content; a name proves nothing.

Nothing is unpacked or run: of an archive only the list of names is read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection

from probes.text import Text

TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ofd": "application/ofd",
    "txt": "text/plain; charset=utf-8",
}
"""Type -> as HTTP says it."""
TYPE_NAMES = Text("PDF、PNG、JPEG、DOCX、XLSX、OFD、TXT", "PDF, PNG, JPEG, DOCX, XLSX, OFD or TXT")

_BEGINNINGS = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
}
_ARCHIVE = b"PK\x03\x04"
_PARTS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "OFD.xml": "ofd"}
"""The part that makes an archive such a document."""
_MOST_PARTS = 10_000
_SPACE = frozenset("\t\n\r\f")


def type_or_none(content: bytes) -> str | None:
    """One of TYPES; None for anything else, also for a document that holds macros."""
    for beginning, found in _BEGINNINGS.items():
        if content.startswith(beginning):
            return found
    if content.startswith(_ARCHIVE):
        return _of_archive(content)
    return "txt" if _is_text(content) else None


def _of_archive(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError, OSError):
        return None
    if len(names) > _MOST_PARTS or _has_macros(names):
        return None
    found = [kind for part, kind in _PARTS.items() if part in names]
    if found[:1] in (["docx"], ["xlsx"]) and "[Content_Types].xml" not in names:
        return None
    return found[0] if len(found) == 1 else None


def _has_macros(names: Collection[str]) -> bool:
    return any(name.lower().endswith("vbaproject.bin") for name in names)


def _is_text(content: bytes) -> bool:
    if not content or b"\x00" in content:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(c < " " and c not in _SPACE for c in text)
    return False
