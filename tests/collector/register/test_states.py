"""States and flips as the register keeps them, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from glob import glob
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.register.model import Change, Flip, Held, State, Watched
from collector.register.register import Register

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINE = Watched("9934000001", "agent-1", "collector", "gateway_path_loss")
FIRST = Held(State.UP, State.UP, NOW, NOW)
WORSE = Held(State.DOWN, State.DOWN, NOW + MINUTE, NOW + 4 * MINUTE)
FLIP = Flip(
    watched=LINE, revision="r1", before=State.UP, after=State.DOWN, since=WORSE.since, at=WORSE.at,
    value=0.95, unit="ratio", bound=0.9, n=5,
)  # fmt: skip


def _postgres() -> str | None:
    """Where its programs are; Debian keeps them out of the path."""
    found = shutil.which("initdb") or next(iter(glob("/usr/lib/postgresql/*/bin/initdb")), None)
    return found and str(Path(found).parent)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server on a socket of its own; the tests skip where there is none."""
    programs = _postgres()
    if programs is None:
        pytest.skip("needs initdb (Debian package postgresql)")
    if find_spec("psycopg") is None:
        pytest.skip("needs the Python package psycopg, by which a register is on PostgreSQL")
    folder = tmp_path_factory.mktemp("postgres")
    as_user = []
    if os.name == "posix" and os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "nobody")
        folder.parent.chmod(0o755)
        folder.parent.parent.chmod(0o755)
        as_user = ["setpriv", "--reuid=nobody", "--clear-groups"]

    def do(program: str, *arguments: str) -> None:
        command = [*as_user, f"{programs}/{program}", "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/")

    do("initdb", "-A", "trust", "-U", "banjun", "-E", "UTF8", "--no-sync")
    do("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o",
       f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off")  # fmt: skip
    yield f"postgresql+psycopg://banjun@/postgres?host={folder}"
    do("pg_ctl", "stop", "-m", "immediate")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    url: str | Path = tmp_path / "register.sqlite3"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres"))
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()
    register = Register.open(url)
    yield register
    register.close()


def test_state_and_its_flip_are_stored_together(store: Register) -> None:
    assert store.take_states([Change(LINE, None, FIRST, None)])
    assert store.take_states([Change(LINE, FIRST, WORSE, FLIP)])
    assert store.states() == {LINE: WORSE}
    assert store.flips() == [FLIP]


def test_change_from_a_state_that_is_no_longer_held_is_left_out(store: Register) -> None:
    store.take_states([Change(LINE, None, FIRST, None)])
    change = Change(LINE, FIRST, WORSE, FLIP)
    assert store.take_states([change]) == [change]
    assert store.take_states([change]) == []
    assert store.take_states([Change(LINE, None, FIRST, None)]) == []
    assert store.flips() == [FLIP]


def test_flip_that_cannot_be_stored_takes_its_state_with_it(store: Register) -> None:
    store.take_states([Change(LINE, None, FIRST, None)])
    other = LINE._replace(target="other")
    twice = [Change(LINE, FIRST, WORSE, FLIP), Change(other, None, WORSE, FLIP)]
    with pytest.raises(sa.exc.IntegrityError):
        store.take_states(twice)
    assert store.states() == {LINE: FIRST}
    assert store.flips() == []


def test_flips_are_newest_first_and_can_be_narrowed(store: Register) -> None:
    later = replace(FLIP, at=FLIP.at + MINUTE, value=None, bound=None, reason="no_data")
    elsewhere = replace(FLIP, watched=LINE._replace(school="9934000002"))
    held = replace(WORSE, at=later.at)
    store.take_states([Change(LINE, None, WORSE, FLIP)])
    store.take_states([Change(LINE, WORSE, held, later)])
    store.take_states([Change(elsewhere.watched, None, WORSE, elsewhere)])
    assert store.flips(LINE.school) == [later, FLIP]
    assert store.flips(since=later.at) == [later]
    assert len(store.flips(limit=2)) == 2
    assert store.drop_flips(later.at) == 2
    assert store.flips() == [later]


def test_forgotten_state_leaves_its_flips(store: Register) -> None:
    store.take_states([Change(LINE, None, WORSE, FLIP)])
    store.forget_states([LINE])
    assert (store.states(), store.flips()) == ({}, [FLIP])


def test_register_without_states_is_migrated(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from collector.register.database import MIGRATIONS

    path = tmp_path / "old.sqlite3"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "r0001")
    engine.dispose()
    register = Register.open(path)
    assert (register.states(), register.flips()) == ({}, [])
    register.close()


def test_states_wake_nobody_who_waits_for_changed_facts(store: Register) -> None:
    before = store.change_count()
    store.take_states([Change(LINE, None, FIRST, None)])
    assert store.change_count() == before
