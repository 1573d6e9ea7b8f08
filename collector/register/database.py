"""Opening the register's database: SQLite with safe settings, or any other SQLAlchemy URL.

On SQLite a write transaction takes its lock when it begins, so two processes wait for each other
instead of failing half-way.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from collector.register.tables import HEAD, state
from probes.text import BanjunError, Text

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_WAIT_SECONDS = 30.0
_MIGRATION_LOCK = 0x62616E6A756E  # any number that no other program on the server uses


class RegisterUnreadableError(BanjunError):
    """The register exists but cannot be used: wrong file, no permission, or a newer version."""


class Database:
    """Short transactions on an up-to-date register."""

    def __init__(self, where: str | Path) -> None:
        self.name = _name(where)
        try:
            self._engine = _engine(where)
            self._writer = self._engine.execution_options(banjun_write=True)
            self._prepare()
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as exc:
            cause = exc.orig if isinstance(exc, sa.exc.DBAPIError) else exc
            raise RegisterUnreadableError(
                Text(
                    f"无法打开登记库 {self.name}：{cause}。请检查路径和权限，并确认它是登记库。",
                    f"The register {self.name} cannot be opened: {cause}. Check the path, its "
                    f"permissions, and that the file is a register.",
                )
            ) from exc

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that other processes notice once it is committed."""
        with self._writer.begin() as connection:
            yield connection
            connection.execute(sa.update(state).values(changes=state.c.changes + 1))

    @contextmanager
    def write_unnoticed(self) -> Iterator[sa.Connection]:
        """A transaction after which nobody needs to look again, such as an audit entry."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def write_alone(self, lock: int) -> Iterator[sa.Connection]:
        """As `write_unnoticed`, one at a time of those with this lock, whichever process it is."""
        with self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
            yield connection

    def faults(self) -> list[str]:
        """What SQLite finds wrong with its own file; empty when all is well, or on a server."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self._engine.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check").scalars().all()
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [str(line) for line in found if line != "ok"] + [str(row) for row in orphans]

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self) -> None:
        with self._engine.begin() as connection:
            if _revision_or_none(connection) == HEAD:
                return
        with self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":  # which does not lock when one begins
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            _migrate(connection, self.name)
            if connection.scalar(sa.select(sa.func.count()).select_from(state)) == 0:
                first = {"id": 1, "generation": secrets.token_hex(16), "changes": 0}
                connection.execute(sa.insert(state).values(**first, salt=secrets.token_bytes(32)))


def _is_url(where: str | Path) -> bool:
    return isinstance(where, str) and "://" in where


def _name(where: str | Path) -> str:
    """For messages: never with the password of a server."""
    return sa.make_url(str(where)).render_as_string() if _is_url(where) else str(where)


def _engine(where: str | Path) -> sa.Engine:
    engine = sa.create_engine(str(where)) if _is_url(where) else _sqlite_engine(Path(where))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_pragmas)
        sa.event.listen(engine, "begin", _begin)
    return engine


def _sqlite_engine(path: Path) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite gives its side files the mode of the main one, so it has to be right before the first.
    # One that exists is not touched: closing any descriptor of it would give up the locks that
    # this process may already hold on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    url = sa.URL.create("sqlite", database=str(path))
    return sa.create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # else the driver begins and commits when it likes
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("banjun_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision_or_none(connection: sa.Connection) -> str | None:
    """The migration at which the database stands; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate(connection: sa.Connection, name: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise RegisterUnreadableError(
            Text(
                f"登记库 {name} 由更新版本的程序写成（{exc}）。请安装不低于该版本的程序。",
                f"The register {name} was written by a newer version ({exc}). "
                f"Install at least that version.",
            )
        ) from exc
