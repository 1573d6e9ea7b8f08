"""Reading settings files of the system: text in any encoding, no more than such a file can hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 4 * 1024 * 1024


def text(path: Path) -> str:
    """What does not decode is replaced: comments may be in GBK, settings are in ASCII.

    Raises FileNotFoundError, PermissionError and other OSErrors.
    """
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", errors="replace")


def text_if_any(path: Path) -> str | None:
    """None without such a file. Raises PermissionError and other OSErrors."""
    try:
        return text(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def present(*paths: Path) -> Iterator[str]:
    """The texts of those that are there, in this order."""
    return (found for found in map(text_if_any, paths) if found is not None)


def below(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder that match, in the order of their names; none without the folder."""
    return sorted(path for path in folder.glob(pattern) if path.is_file())
