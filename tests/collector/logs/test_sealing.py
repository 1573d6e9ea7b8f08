from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.logs.content import compress
from collector.logs.seal import Content, Kind
from collector.logs.sealing import Sealing, expire
from tests.collector.logs.scene import DAY, FIRST, LogScene

GATEWAY = "gateway"


class KilledError(Exception):
    """The process ends here."""


def test_day_that_is_over_is_sealed_with_what_it_holds(scene: LogScene) -> None:
    written = scene.receive(GATEWAY, FIRST, ["一", "two", "three"]).read_bytes()
    scene.today += DAY
    (seal,) = scene.seal()
    assert seal.content.lines == 3
    assert seal.content.bytes == len(written)
    assert seal.content.sha256 == hashlib.sha256(written).hexdigest()
    assert seal.content.first_at == "2026-03-01T08:00:00.000001+08:00"
    assert seal.content.last_at == "2026-03-01T08:00:02.000001+08:00"
    assert gzip.decompress(scene.file(GATEWAY, FIRST).read_bytes()) == written
    assert scene.folder.arrived() == []


def test_day_that_is_not_over_stays_with_the_receiver(scene: LogScene) -> None:
    path = scene.receive(GATEWAY, FIRST)
    assert scene.seal() == []
    assert path.exists()


def test_day_ends_where_the_schools_are(scene: LogScene) -> None:
    scene.receive(GATEWAY, FIRST)
    sealing = Sealing(scene.book, scene.folder, scene.policy)
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert sealing.seal(midnight) == []
    assert sealing.seal(midnight + scene.policy.seal_after) != []


def test_receiver_in_another_time_zone_is_noticed(
    scene: LogScene, caplog: pytest.LogCaptureFixture
) -> None:
    path = scene.receive(GATEWAY, FIRST)
    scene.today += DAY
    path.write_text("2026-03-01T17:00:00+00:00 192.0.2.1 <14>by UTC it is the first still\n")
    scene.seal()
    assert "is TZ=Asia/Shanghai set" in caplog.text


def test_late_lines_are_sealed_on_their_own(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    before = scene.file(GATEWAY, FIRST).read_bytes()
    for text in ("late", "later"):
        scene.receive(GATEWAY, FIRST, [text])
        (seal,) = scene.seal()
        assert seal.content.lines == 1
    assert scene.file(GATEWAY, FIRST).read_bytes() == before
    assert b"late\n" in gzip.decompress(scene.file(GATEWAY, FIRST, 1).read_bytes())
    assert b"later\n" in gzip.decompress(scene.file(GATEWAY, FIRST, 2).read_bytes())
    assert scene.faults() == []


def test_lines_without_an_instant_are_counted_and_give_none(scene: LogScene) -> None:
    path = scene.receive(GATEWAY, FIRST, [])
    path.write_bytes(b"no instant\n\xb5\xc8GBK\nand no line end")
    scene.today += DAY
    (seal,) = scene.seal()
    assert (seal.content.lines, seal.content.first_at, seal.content.last_at) == (3, "", "")


def test_file_that_is_still_written_to_waits(scene: LogScene) -> None:
    path = scene.receive(GATEWAY, FIRST)
    scene.today += DAY
    with open(path, "a", encoding="utf-8") as receiver:
        assert scene.seal() == []
        (_, waiting), *_ = scene.folder.taken()
        os.utime(waiting, (0, 0))  # however long ago the last line came
        assert scene.seal() == []
        receiver.write("one more\n")
    scene.receive(GATEWAY, FIRST, ["late"])
    (seal,) = scene.seal()
    assert (seal.part.number, seal.content.lines) == (0, 3)
    (seal,) = scene.seal()
    assert (seal.part.number, seal.content.lines) == (1, 1)


@pytest.mark.parametrize("step", Sealing.STEPS)
def test_sealing_that_was_killed_is_done_again_never_half_and_never_twice(
    scene: LogScene, step: str
) -> None:
    lines = [f"line {n}" for n in range(50)]
    scene.receive(GATEWAY, FIRST, lines)
    scene.today += DAY

    def die(done: str) -> None:
        if done == step:
            raise KilledError

    with pytest.raises(KilledError):
        scene.seal(die)
    scene.receive(GATEWAY, FIRST, ["late"])
    scene.seal()
    scene.seal()
    kept = b"".join(
        gzip.decompress(scene.folder.sealed(seal.part).read_bytes()) for seal in scene.book.seals()
    )
    found = [line.partition(b"<14>")[2].decode() for line in kept.splitlines()]
    assert found == [*lines, "late"]
    assert scene.faults() == []
    assert scene.folder.arrived() == []
    assert list(scene.folder.taken()) == []


def test_compressing_that_was_cut_off_leaves_nothing_that_counts(scene: LogScene) -> None:
    scene.receive(GATEWAY, FIRST)
    scene.today += DAY
    beside = scene.file(GATEWAY, FIRST).with_suffix(".gz.tmp")
    beside.parent.mkdir()
    beside.write_bytes(b"half")
    scene.seal()
    assert not beside.exists()
    assert scene.faults() == []


def test_file_without_a_line_is_sealed_and_is_no_day_that_was_kept(scene: LogScene) -> None:
    scene.receive(GATEWAY, FIRST)
    scene.receive(GATEWAY, FIRST + DAY, [])
    scene.today += 2 * DAY
    assert [seal.content.lines for seal in scene.seal()] == [2, 0]
    assert [gap.first for gap in scene.proof_of(GATEWAY).gaps] == [FIRST + DAY]


def test_name_that_no_source_has_is_left_alone(scene: LogScene, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{FIRST}.log").write_text("x\n")
    (scene.folder.incoming / "Up..").symlink_to(outside)
    scene.receive(GATEWAY, FIRST).rename(scene.folder.incoming / GATEWAY / "notes.log")
    (scene.folder.incoming / GATEWAY / f"{FIRST}.log").symlink_to(outside / f"{FIRST}.log")
    scene.today += DAY
    assert scene.seal() == []


def test_seals_refuse_changes(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    connection = sqlite3.connect(scene.data_dir / "register.sqlite3")
    for statement in ("UPDATE log_seal SET lines = 1", "DELETE FROM log_seal"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_part_cannot_be_sealed_twice(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    (seal,) = scene.book.seals()
    with pytest.raises(sa.exc.IntegrityError):
        scene.book.seal(seal.part, seal.content, 1)


def test_old_lines_are_deleted_and_the_deletion_is_in_the_chain(scene: LogScene) -> None:
    scene.live(3, GATEWAY)
    scene.today = FIRST + (scene.policy.keep_days + 1) * DAY
    scene.receive(GATEWAY, scene.today - DAY)
    scene.seal()
    (seal,) = expire(scene.book, scene.folder, scene.policy, scene.now())
    assert (seal.kind, seal.part.day) == (Kind.DELETED, FIRST)
    assert not scene.file(GATEWAY, FIRST).exists()
    assert scene.file(GATEWAY, FIRST + DAY).exists()
    assert scene.faults() == []
    assert expire(scene.book, scene.folder, scene.policy, scene.now()) == []


def test_deletion_that_was_killed_is_finished(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    (seal,) = scene.book.seals()
    scene.book.delete(seal.part)
    expire(scene.book, scene.folder, scene.policy, scene.now())
    assert not scene.file(GATEWAY, FIRST).exists()


def test_clock_that_leaps_ahead_deletes_nothing(scene: LogScene) -> None:
    scene.live(5, GATEWAY)
    scene.today = date(2031, 1, 1)
    assert expire(scene.book, scene.folder, scene.policy, scene.now()) == []


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_what_is_kept_is_for_banjun_alone(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    modes = {path.stat().st_mode & 0o077 for path in scene.folder.root.rglob("*") if path.is_dir()}
    assert scene.file(GATEWAY, FIRST).stat().st_mode & 0o077 == 0
    assert scene.folder.sealed_root.stat().st_mode & 0o077 == 0
    assert modes - {0} <= {0o055}  # of the scene's own receiver


def test_file_that_cannot_be_sealed_holds_up_no_other_and_is_tried_again(
    scene: LogScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in ("a", "b", "c"):
        scene.receive(source, FIRST)
    scene.today += DAY

    def full(source: Path, target: Path) -> Content:
        if "/b/" in str(source):
            raise OSError(28, "No space left on device")
        return compress(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("collector.logs.sealing.compress", full)
        assert [seal.part.source for seal in scene.seal()] == ["a", "c"]
    assert [seal.part.source for seal in scene.seal()] == ["b"]
    assert scene.faults() == []
