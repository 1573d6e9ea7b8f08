from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.shelf import Shelf
from agent.spool import KEEP_BYTES, Known, Spool
from config.agent_settings import SpoolSettings
from tests.agent.conftest import MakeSpool, numbers, record
from tests.fakes.clock import FakeClock

BIG = 10**9


def everything(spool: Spool) -> list[int]:
    return numbers(spool.oldest(1000, BIG))


def edit(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


def test_reading_is_committed_when_it_is_taken(make_spool: MakeSpool, tmp_path: Path) -> None:
    make_spool().add([record(1), record(2)], bulk=True)
    with closing(sqlite3.connect(tmp_path / "spool.sqlite3")) as other:
        assert other.execute("SELECT count(*) FROM record").fetchone() == (2,)


def test_sequence_grows_within_the_session(make_spool: MakeSpool) -> None:
    spool = make_spool(session="session-x")
    for n in range(3):
        spool.add([record(n)], bulk=True)
        spool.seal()
    assert [batch.key for batch in spool.oldest(10, BIG)] == [("session-x", n) for n in (1, 2, 3)]


def test_sealed_batch_is_the_same_bytes_in_the_next_process(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.add([record(1)], bulk=True)
    spool.seal()
    before = spool.oldest(1, BIG)
    spool.close()
    assert make_spool().oldest(1, BIG) == before


def test_what_a_killed_process_left_is_sealed_anew_under_its_boot(make_spool: MakeSpool) -> None:
    make_spool(boot="boot-old").add([record(1)], bulk=True)
    spool = make_spool(session="session-new", boot="boot-new")
    spool.add([record(2)], bulk=True)
    spool.seal()
    assert [(b.key, b.boot, numbers([b])) for b in spool.oldest(10, BIG)] == [
        (("session-new", 1), "boot-old", [1]),
        (("session-new", 2), "boot-new", [2]),
    ]


def test_sealing_that_is_interrupted_changes_nothing(
    make_spool: MakeSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = make_spool()
    spool.add([record(1)], bulk=True)

    def killed(shelf: Shelf, through: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "drop_records", killed)
        with pytest.raises(KeyboardInterrupt):
            spool.seal()
    assert spool.oldest(1, BIG) == []
    spool.seal()
    (batch,) = spool.oldest(10, BIG)
    assert (numbers([batch]), batch.seq) == ([1], 2)


def test_oldest_keeps_to_number_and_bytes(make_spool: MakeSpool) -> None:
    spool = make_spool()
    for n in range(5):
        spool.add([record(n)], bulk=True)
        spool.seal()
    size = len(spool.oldest(1, BIG)[0].body)
    assert len(spool.oldest(3, BIG)) == 3
    assert len(spool.oldest(5, 2 * size)) == 2
    assert len(spool.oldest(5, 1)) == 1
    assert numbers(spool.oldest(1, BIG, {spool.oldest(1, BIG)[0].key})) == [1]


def test_dropped_batch_is_gone(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.add([record(1)], bulk=True)
    spool.seal()
    spool.drop([spool.oldest(1, BIG)[0].key])
    assert spool.oldest(1, BIG) == []
    assert spool.depth().batches == 0


def test_depth_counts_what_waits(make_spool: MakeSpool) -> None:
    spool = make_spool()
    assert spool.depth().oldest_at is None
    spool.add([record(5), record(6)], bulk=True)
    spool.seal()
    spool.add([record(7)], bulk=False)
    depth = spool.depth()
    assert (depth.batches, depth.readings, depth.unsealed) == (1, 2, 1)
    assert depth.oldest_at == record(5).at
    assert depth.bytes > 0


# Losses


def test_old_readings_go_and_leave_one_gap(make_spool: MakeSpool, clock: FakeClock) -> None:
    spool = make_spool(limits=SpoolSettings(max_days=1.0))
    first = clock.wall()
    for n in range(3):
        spool.add([record(n, clock)], bulk=True)
        spool.seal()
        clock.advance(600)
    clock.advance(86_400)
    spool.add([record(9, clock)], bulk=True)
    spool.seal()
    assert everything(spool) == [9]
    (gap,) = spool.gaps(10)
    assert (gap.since, gap.until, gap.count, gap.reason) == (first, first + 1_200_000, 3, "too_old")
    assert spool.lost == 3


def test_age_is_counted_on_over_restarts(make_spool: MakeSpool, clock: FakeClock) -> None:
    limits = SpoolSettings(max_days=1.0)
    make_spool(limits=limits).add([record(1, clock)], bulk=True)
    kept = []
    for _ in range(6):
        spool = make_spool(limits=limits)
        spool.seal()
        clock.advance(21_600)
        spool.seal()
        kept.append(spool.depth().batches)
        spool.close()
        clock.advance(864_000)  # The machine is off, and that ages nothing.
    assert kept == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("wall", [0, 946_684_800_000, 4_102_444_800_000])
def test_clock_that_is_set_makes_no_reading_too_old(
    make_spool: MakeSpool, clock: FakeClock, wall: int
) -> None:
    spool = make_spool(limits=SpoolSettings(max_days=1.0))
    spool.add([record(1, clock)], bulk=True)
    spool.seal()
    clock.set_wall(wall)
    spool.add([record(2, clock)], bulk=True)
    spool.seal()
    clock.set_wall(1_760_000_000_000)
    spool.seal()
    assert everything(spool) == [1, 2]
    assert spool.gaps(10) == []


def test_sealing_is_durable_and_taking_is_quick(make_spool: MakeSpool) -> None:
    spool = make_spool()
    said: list[str] = []
    spool._disk.use(lambda shelf: shelf._db.set_trace_callback(said.append), None)
    spool.add([record(1)], bulk=True)
    taken = len(said)
    spool.seal()
    assert "PRAGMA synchronous = FULL" not in said[:taken]
    put = next(i for i, sql in enumerate(said) if "INTO batch" in sql)
    begun = max(i for i, sql in enumerate(said[:put]) if sql.startswith("BEGIN"))
    ended = next(i for i, sql in enumerate(said) if i > put and sql == "COMMIT")
    assert said[begun - 1] == "PRAGMA synchronous = FULL"
    assert any("DELETE FROM record" in sql for sql in said[put:ended])


def test_full_spool_drops_the_oldest_bulk_first(make_spool: MakeSpool) -> None:
    spool = make_spool(limits=SpoolSettings(max_mebibytes=1))
    spool.add([record(0)], bulk=False)
    spool.seal()
    for n in range(1, 7):
        spool.add([record(n, target=f"{i}".rjust(250, "x")) for i in range(1000)], bulk=True)
        spool.seal()
    left = everything(spool)
    assert left[0] == 0
    assert left[-1] == 6
    assert 1 not in left
    assert spool.depth().bytes <= 1024 * 1024
    (gap,) = spool.gaps(10)
    assert (gap.reason, gap.count) == ("spool_full", 6001 - len(left))


def test_spool_makes_room_on_a_crowded_disk_but_keeps_a_little(make_spool: MakeSpool) -> None:
    spool = make_spool(free_bytes=lambda: 0)
    for n in range(6):
        spool.add([record(n, target=f"{i}".rjust(250, "x")) for i in range(1000)], bulk=True)
        spool.seal()
    assert 0 < spool.depth().bytes <= KEEP_BYTES
    assert spool.gaps(1)[0].reason == "disk_full"


def test_space_of_dropped_batches_returns_to_the_disk(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    spool = make_spool()
    for n in range(8):
        spool.add([record(n, target=f"{i}".rjust(250, "x")) for i in range(2000)], bulk=True)
        spool.seal()
    file = tmp_path / "spool.sqlite3"
    spool.drop([batch.key for batch in spool.oldest(100, BIG)])
    grown = file.stat().st_size
    for _ in range(4):
        spool.seal()
    spool.close()
    assert file.stat().st_size < grown / 2


def test_gap_that_was_sent_never_changes(make_spool: MakeSpool) -> None:
    spool = make_spool()
    for n in range(3):
        spool.add([record(n)], bulk=True)
        spool.seal()
    one, two, three = spool.oldest(3, BIG)
    spool.bury(one, "rejected")
    (sent,) = spool.gaps(10)
    spool.bury(two, "rejected")
    spool.bury(three, "rejected")
    first, second = spool.gaps(10)
    assert first == sent
    assert (second.count, second.since, second.until) == (2, two.since, three.until)


def test_gap_goes_when_the_collector_has_it(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.add([record(1)], bulk=True)
    spool.seal()
    spool.bury(spool.oldest(1, BIG)[0], "rejected")
    spool.drop_gaps([spool.gaps(1)[0].id])
    assert spool.gaps(1) == []
    assert spool.depth().dead == 1


def test_buried_batches_keep_to_a_mebibyte(make_spool: MakeSpool, tmp_path: Path) -> None:
    spool = make_spool()
    for n in range(6):
        spool.add([record(n, target=f"{i}".rjust(250, "x")) for i in range(1000)], bulk=True)
        spool.seal()
        spool.bury(spool.oldest(1, BIG)[0], "rejected")
    with closing(sqlite3.connect(tmp_path / "spool.sqlite3")) as other:
        (size,) = other.execute("SELECT sum(length(body)) FROM dead").fetchone()
    assert 0 < size <= 1024 * 1024
    assert spool.gaps(1)[0].count == 6000


def test_note_outlives_the_process(make_spool: MakeSpool) -> None:
    make_spool().set_note("failures", "3")
    assert make_spool().note("failures") == "3"
    assert make_spool().note("other") is None


# Damage


def filled(make_spool: MakeSpool, batches: int) -> Spool:
    spool = make_spool()
    for n in range(batches):
        spool.add([record(n, target="y" * 250) for _ in range(50)], bulk=True)
        spool.seal()
    return spool


@pytest.mark.parametrize(
    "content", [b"\x89PNG not a database" * 100, b"SQLite format 3\0garbage" * 99]
)
def test_file_that_is_no_database_is_set_aside(
    make_spool: MakeSpool, tmp_path: Path, clock: FakeClock, content: bytes
) -> None:
    file = tmp_path / "spool.sqlite3"
    file.write_bytes(content)
    spool = make_spool()
    spool.add([record(1)], bulk=True)
    spool.seal()
    assert everything(spool) == [1]
    (gap,) = spool.gaps(1)
    assert (gap.reason, gap.count, gap.until) == ("spool_corrupt", 0, clock.wall())
    (aside,) = tmp_path.glob("spool.sqlite3.corrupt-*")
    assert aside.read_bytes() == content


def test_gap_of_a_damaged_file_says_what_is_known(make_spool: MakeSpool, tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite3").write_bytes(b"nonsense" * 1000)
    gap = make_spool(known=Known(readings=77, oldest_at=123)).gaps(1)[0]
    assert (gap.since, gap.count) == (123, 77)


def test_whole_batches_of_a_damaged_file_are_saved(make_spool: MakeSpool, tmp_path: Path) -> None:
    filled(make_spool, 40).close()
    file = tmp_path / "spool.sqlite3"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    edit_wal = tmp_path / "spool.sqlite3-wal"
    edit_wal.write_bytes(b"")  # As after a kill: the next start looks closely.
    spool = make_spool(known=Known(readings=2000, oldest_at=5))
    left = everything(spool)
    gap = spool.gaps(1)[0]
    assert gap.reason == "spool_corrupt"
    assert len(left) + gap.count == 2000
    assert len(left) > 500
    assert list(tmp_path.glob("spool.sqlite3.corrupt-*"))


def test_damage_while_running_loses_no_new_reading(make_spool: MakeSpool, tmp_path: Path) -> None:
    spool = filled(make_spool, 40)
    spool.depth()
    with (tmp_path / "spool.sqlite3").open("r+b") as file:
        file.write(b"\xee" * 8192)
    (tmp_path / "spool.sqlite3-wal").write_bytes(b"")
    for n in range(100, 110):
        spool.add([record(n)], bulk=True)
        spool.seal()
    assert set(range(100, 110)) <= set(everything(spool))
    assert spool.trouble == ""


def test_flipped_bit_in_one_batch_costs_only_that_batch(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    filled(make_spool, 3).close()
    edit(
        tmp_path / "spool.sqlite3",
        "UPDATE batch SET body = cast(substr(body, 1, 20) || x'00' || substr(body, 22) AS BLOB) "
        "WHERE seq = 2",
    )
    spool = make_spool()
    assert set(everything(spool)) == {0, 2}
    assert (spool.gaps(1)[0].reason, spool.gaps(1)[0].count) == ("spool_corrupt", 50)


@pytest.mark.parametrize("column", ["body", "session", "sha256"])
def test_column_that_is_no_text_any_more_is_damage(
    make_spool: MakeSpool, tmp_path: Path, column: str
) -> None:
    filled(make_spool, 3).close()
    edit(
        tmp_path / "spool.sqlite3",
        f"UPDATE batch SET {column} = cast(x'ff00fe' AS TEXT) WHERE seq = 2",
    )
    spool = make_spool(known=Known(readings=150, oldest_at=1))
    assert set(everything(spool)) == {0, 2}
    assert (spool.gaps(1)[0].reason, spool.gaps(1)[0].count) == ("spool_corrupt", 50)


def test_few_damaged_files_are_kept(
    make_spool: MakeSpool, tmp_path: Path, clock: FakeClock
) -> None:
    for _ in range(4):
        (tmp_path / "spool.sqlite3").write_bytes(b"nonsense" * 1000)
        make_spool().close()
        clock.advance(1)
    assert len(list(tmp_path.glob("spool.sqlite3.corrupt-*"))) == 2


def test_readings_of_another_identity_are_never_delivered(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    old = make_spool(agent="agent1")
    old.add([record(1)], bulk=True)
    old.close()
    spool = make_spool(agent="agent2")
    spool.seal()
    assert spool.oldest(1, BIG) == []
    assert (spool.gaps(1)[0].reason, spool.gaps(1)[0].count) == ("identity_replaced", 1)
    assert list(tmp_path.glob("spool.sqlite3.replaced-*"))


# A disk that does not take it


def test_spool_works_in_memory_where_there_is_no_directory(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    spool = make_spool(directory=tmp_path / "gone")
    spool.add([record(1)], bulk=True)
    assert spool.seal() == 1
    assert everything(spool) == [1]
    assert spool.trouble


def test_memory_returns_to_the_disk_byte_for_byte(make_spool: MakeSpool, tmp_path: Path) -> None:
    spool = make_spool(directory=tmp_path / "late")
    spool.add([record(1)], bulk=True)
    spool.seal()
    before = spool.oldest(1, BIG)
    spool.add([record(2)], bulk=True)
    (tmp_path / "late").mkdir()
    spool.seal()
    spool.close()
    again = make_spool(directory=tmp_path / "late")
    assert again.oldest(1, BIG) == before
    assert everything(again) == [1, 2]


def test_memory_is_bounded_and_the_loss_is_a_gap(make_spool: MakeSpool, tmp_path: Path) -> None:
    spool = make_spool(directory=tmp_path / "gone")
    for n in range(10):
        spool.add([record(n, target=f"{i}".rjust(250, "x")) for i in range(1000)], bulk=True)
    assert spool.depth().bytes <= 1024 * 1024
    (gap,) = spool.gaps(10)
    assert gap.reason == "disk_full"
    assert gap.count + spool.depth().unsealed == 10_000


def test_batch_that_cannot_be_deleted_is_not_sent_again(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    spool = filled(make_spool, 2)
    key = spool.oldest(1, BIG)[0].key
    with closing(sqlite3.connect(tmp_path / "spool.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")  # Writing fails as on a full disk; reading does not.
        spool.drop([key])
        assert spool.oldest(1, BIG)[0].key != key
        other.rollback()
    spool.seal()
    assert spool.depth().batches == 1


def test_batch_buried_while_the_disk_is_full_stays_buried(
    make_spool: MakeSpool, tmp_path: Path
) -> None:
    spool = filled(make_spool, 2)
    batch = spool.oldest(1, BIG)[0]
    with closing(sqlite3.connect(tmp_path / "spool.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        spool.bury(batch, "rejected")
        assert spool.oldest(1, BIG)[0].key != batch.key
        other.rollback()
    spool.seal()
    assert spool.depth().batches == 1
    assert [(gap.reason, gap.count) for gap in spool.gaps(9)] == [("rejected", 50)]
