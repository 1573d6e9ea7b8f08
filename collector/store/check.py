"""Is what the manifest says what lies in the archive? May run beside a collector."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from collector.store.rollup import KIND
from probes.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    text: Text


def check(data_dir: Path) -> Iterator[Finding]:
    """Looks at the journal's integrity, then at every file that the manifest names."""
    path = data_dir / "journal.sqlite3"
    if not path.exists():
        yield Finding(True, Text("尚无数据。", "There are no data yet."))
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        (answer,) = db.execute("PRAGMA quick_check").fetchone()
        batches, rows = db.execute("SELECT count(*), coalesce(sum(rows), 0) FROM batch").fetchone()
        files = db.execute("SELECT path, rows, kind FROM file ORDER BY path").fetchall()
    yield Finding(
        answer == "ok",
        Text(
            f"日志 quick_check：{answer}；待封存 {batches} 批 {rows} 条。",
            f"journal quick_check: {answer}; {batches} batches with {rows} rows wait for sealing.",
        ),
    )
    bad = [
        fault for name, count, _ in files if (fault := _fault(data_dir / "archive" / name, count))
    ]
    yield from (Finding(False, fault) for fault in bad)
    total = sum(count for _, count, kind in files if kind != KIND)
    yield Finding(
        not bad,
        Text(
            f"档案 {len(files)} 个文件，{total} 条，{len(bad)} 个有问题。",
            f"archive: {len(files)} files, {total} rows, {len(bad)} not in order.",
        ),
    )


def _fault(path: Path, rows: int) -> Text | None:
    if not path.exists():
        return Text(f"档案文件 {path} 不见了。", f"Archive file {path} is missing.")
    try:
        found = (
            duckdb.connect()
            .execute("SELECT count(*) FROM read_parquet($1)", [str(path)])
            .fetchone()
        )
    except duckdb.Error as exc:
        return Text(f"档案文件 {path} 读不出：{exc}", f"Archive file {path} is unreadable: {exc}")
    if found is None or found[0] != rows:
        return Text(
            f"档案文件 {path} 的行数与清单不符。",
            f"Archive file {path} has another number of rows than listed.",
        )
    return None
