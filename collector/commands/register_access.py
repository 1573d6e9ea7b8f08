"""The register for commands that work on it directly, whether or not a collector runs."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from probes.text import BanjunError, Text

if TYPE_CHECKING:
    from collector.access.detail import Detail
    from collector.register.register import Register


class NoRegisterError(BanjunError):
    """The data directory has no register yet; perhaps another directory was meant."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Text(
                f"{path} 不存在。请核对 --data-dir，或先用 schools import 登记学校。",
                f"There is no {path}. Check --data-dir, or begin with `schools import`.",
            )
        )


@contextmanager
def opened(data_dir: Path, *, create: bool = False) -> Iterator[Register]:
    """The register of the data directory. Raises NoRegisterError unless it may be made."""
    from collector.register.register import Register

    path = data_dir / "register.sqlite3"
    if not create and not path.exists():
        raise NoRegisterError(path)
    register = Register.open(path)
    try:
        yield register
    finally:
        register.close()


def actor() -> str:
    """Who sits at this terminal, for the audit trail."""
    return f"cli:{getpass.getuser()}"


def record_read(
    register: Register,
    door: str,
    detail: Detail,
    *,
    school: str | None = None,
    rows: int | None = None,
) -> None:
    """Note in the access log that this command shows detail; before it does."""
    from collector.access.book import AccessBook, Read
    from collector.register.register import utc_now

    read = Read(who=actor(), address="", detail=detail, door=door, school=school or "", rows=rows)
    AccessBook(register.database, utc_now).add(read)
