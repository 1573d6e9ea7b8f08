"""What lies on the disk, read without the programs that wrote it and without changing anything.

A database is read from a copy: opening it where it is would repair what a crash left behind.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from probes import wire

Row = tuple[str, str, str, int]
"""(agent, session, probe, number): who sent it, and the value that no other row has."""

NUMBER = {"tick": "tick_count", "echo": "rtt_seconds", "rate": "received_bits_per_second"}
"""Probe -> the metric that numbers its rows in these tests."""


@contextmanager
def copied(database: Path) -> Iterator[sqlite3.Connection]:
    with TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            source = database.with_name(database.name + suffix)
            if source.exists():
                shutil.copy(source, Path(folder) / source.name)
        with closing(sqlite3.connect(Path(folder) / database.name)) as db:
            yield db


def stored(data_dir: Path) -> Counter[Row]:
    """Every row that a collector holds, in its journal and in the files of its manifest."""
    with copied(data_dir / "journal.sqlite3") as db:
        batches = db.execute("SELECT agent, session, body FROM batch").fetchall()
        files = db.execute("SELECT path, probe FROM file WHERE kind <> 'hour'").fetchall()
    rows = Counter(
        (agent, session, record.probe, int(record.values[NUMBER[record.probe]]))
        for agent, session, body in batches
        for record in wire.records(wire.unpack(body))
    )
    with duckdb.connect() as db:
        for probe in {probe for _, probe in files}:
            paths = [str(data_dir / "archive" / path) for path, of in files if of == probe]
            found = db.execute(
                f'SELECT agent, session, "{NUMBER[probe]}" FROM read_parquet($1)', [paths]
            ).fetchall()
            rows.update((agent, session, probe, int(number)) for agent, session, number in found)
    return rows


def strangers(data_dir: Path) -> list[str]:
    """Files in the archive that the manifest does not know, but for those set aside."""
    with copied(data_dir / "journal.sqlite3") as db:
        known = {path for (path,) in db.execute("SELECT path FROM file")}
    archive = data_dir / "archive"
    found = {path.relative_to(archive).as_posix() for path in archive.glob("*/*")}
    return sorted(path for path in found - known if not path.startswith("orphans/"))


def file_kinds(data_dir: Path) -> set[str]:
    """The kinds of files that the manifest knows."""
    with copied(data_dir / "journal.sqlite3") as db:
        return {kind for (kind,) in db.execute("SELECT kind FROM file")}


def reported_gaps(data_dir: Path) -> int:
    """How many losses agents have reported to the collector."""
    with copied(data_dir / "journal.sqlite3") as db:
        (count,) = db.execute("SELECT count(*) FROM gap").fetchone()
    return int(count)


def waiting(state_dir: Path) -> int:
    """How many readings the spool of a running agent holds."""
    spool = f"file:{state_dir / 'spool.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(spool, uri=True)) as db:
        (count,) = db.execute(
            "SELECT (SELECT count(*) FROM record) + (SELECT coalesce(sum(n), 0) FROM batch)"
        ).fetchone()
    return int(count)


def spooled(state_dir: Path) -> list[int]:
    """The ticks that a dead agent's spool holds, whether they are sealed or not."""
    if not (state_dir / "spool.sqlite3").exists():
        return []
    with copied(state_dir / "spool.sqlite3") as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'record'").fetchone():
            return []
        kept = db.execute("SELECT record FROM record").fetchall()
        bodies = db.execute("SELECT body FROM batch").fetchall()
        assert db.execute("SELECT count(*) FROM dead").fetchone() == (0,)
    records = [msgspec.msgpack.decode(row, type=wire.Record) for (row,) in kept]
    records += [r for (body,) in bodies for r in wire.records(wire.unpack(body))]
    return [int(record.values[NUMBER[record.probe]]) for record in records]
