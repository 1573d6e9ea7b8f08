from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from collector.register.database import MIGRATIONS, Database, RegisterUnreadableError
from collector.register.register import Register
from collector.register.tables import HEAD, metadata


def test_migrations_make_the_tables_that_the_code_uses(path: Path) -> None:
    Database(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_two_programs_opening_a_new_register_at_once_agree(path: Path) -> None:
    generations: list[str] = []

    def open_it() -> None:
        register = Register.open(path)
        generations.append(register.generation())
        register.close()

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(generations) == 4
    assert len(set(generations)) == 1


def test_register_file_is_private(register: Register, path: Path) -> None:
    register.audit("me", "test", "nothing")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_open_names_a_file_that_is_no_register(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be read as one" * 100)
    with pytest.raises(RegisterUnreadableError, match=r"register\.sqlite3 cannot be opened"):
        Register.open(path)


def test_open_names_a_folder_it_may_not_make(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RegisterUnreadableError, match="cannot be opened"):
        Register.open(tmp_path / "file" / "register.sqlite3")


def test_password_of_a_server_stands_in_no_message() -> None:
    with pytest.raises(RegisterUnreadableError) as caught:
        Register.open("sqlite://someone:secret@/no/such/folder/register.sqlite3")
    assert "secret" not in str(caught.value)


def test_open_refuses_a_register_of_a_newer_version(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
    connection.close()
    with pytest.raises(RegisterUnreadableError, match="newer version"):
        Register.open(path)


def test_change_count_grows_when_another_program_writes(register: Register, path: Path) -> None:
    before = register.change_count()
    other = Register.open(path)
    other.confirm(["nobody"])
    other.close()
    assert register.change_count() == before + 1


def test_change_count_stays_when_a_write_fails(register: Register) -> None:
    before = register.change_count()
    with pytest.raises(Exception, match="no agent"):
        register.revoke("nobody", "me")
    assert register.change_count() == before


def test_audit_trail_refuses_changes(register: Register, path: Path) -> None:
    register.audit("me", "test", "one")
    connection = sqlite3.connect(path)
    for statement in ("UPDATE audit SET actor = 'you'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()
    assert [entry.actor for entry in register.audit_entries()] == ["me"]
