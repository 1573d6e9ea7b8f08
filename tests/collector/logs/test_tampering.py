from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from collector.chain import BEGIN, link
from collector.logs.book import GONE
from collector.logs.content import read_again
from collector.logs.keeping import look
from collector.logs.seal import Kind, Part, Seal
from collector.logs.verify import AnchorError, Fault, anchor_fault, daily_share
from tests.collector.logs.scene import DAY, FIRST, LogScene

GATEWAY = "gateway"
SECOND = FIRST + DAY
NAME = f"{GATEWAY}/{SECOND}.log.gz"


def edit(path: Path) -> None:
    lines = gzip.decompress(path.read_bytes()).replace(b"link up", b"link ok")
    path.write_bytes(gzip.compress(lines, mtime=0))


def edit_and_keep_the_size(path: Path) -> None:
    edit(path)
    before = path.stat().st_size
    with open(path, "ab") as file:
        file.write(b"\0" * (before + 40 - path.stat().st_size))


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + gzip.compress(b"one more line\n"))


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def drop_a_line(path: Path) -> None:
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:-1])))


def put_another_day_in_its_place(path: Path) -> None:
    path.write_bytes((path.parent / f"{FIRST}.log.gz").read_bytes())


def put_a_text_in_its_place(path: Path) -> None:
    path.write_text("nothing happened\n")


def link_elsewhere(path: Path) -> None:
    other = path.with_name("other")
    path.rename(path.parents[2] / "other")
    path.symlink_to(path.parents[2] / "other")
    assert not other.exists()


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (edit, Fault.EDITED),
        (edit_and_keep_the_size, Fault.EDITED),
        (lengthen, Fault.EDITED),
        (flip_a_bit, Fault.EDITED),
        (cut, Fault.TRUNCATED),
        (empty, Fault.TRUNCATED),
        (drop_a_line, Fault.TRUNCATED),
        (Path.unlink, Fault.REMOVED),
        (put_another_day_in_its_place, Fault.REPLACED),
        (put_a_text_in_its_place, Fault.REPLACED),
        (link_elsewhere, Fault.REPLACED),
        (make_a_folder, Fault.REPLACED),
    ],
)
def test_file_that_was_tampered_with_is_named_and_no_other(
    scene: LogScene, tamper: Callable[[Path], None], fault: Fault
) -> None:
    scene.live(3, GATEWAY)
    assert scene.faults() == []
    tamper(scene.file(GATEWAY, SECOND))
    assert scene.faults() == [(fault.value, NAME)]


def test_file_that_inflates_without_end_is_not_read_to_its_end(scene: LogScene) -> None:
    scene.live(3, GATEWAY)
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    scene.file(GATEWAY, SECOND).write_bytes(bomb)
    assert scene.faults() == [("edited", NAME)]
    size, _ = read_again(scene.file(GATEWAY, SECOND), 1000)
    assert size < 2_000_000


def test_file_beside_the_sealed_ones_is_named(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    scene.file(GATEWAY, SECOND).write_bytes(gzip.compress(b"made up\n"))
    assert scene.faults() == [("unsealed", NAME)]


class Forger:
    """Somebody who may write the register's file."""

    def __init__(self, scene: LogScene) -> None:
        self._db = sqlite3.connect(scene.data_dir / "register.sqlite3", isolation_level=None)
        for verb in ("update", "delete"):
            self._db.execute(f"DROP TRIGGER log_seal_no_{verb}")

    def does(self, statement: str, *values: object) -> None:
        self._db.execute(statement, values)

    def makes_the_chain_again(self, scene: LogScene) -> None:
        before = BEGIN
        for seal in scene.book.seals():
            before = link(before, seal.record())
            self.does("UPDATE log_seal SET link = ? WHERE number = ?", before, seal.number)


def test_seal_that_was_made_to_fit_an_edited_file_does_not_fit_the_chain(scene: LogScene) -> None:
    scene.live(3, GATEWAY)
    path = scene.file(GATEWAY, SECOND)
    edit(path)
    lines = gzip.decompress(path.read_bytes())

    Forger(scene).does(
        "UPDATE log_seal SET sha256 = ?, stored_bytes = ? WHERE number = 2",
        hashlib.sha256(lines).hexdigest(),
        path.stat().st_size,
    )
    assert scene.faults() == [("chain", NAME)]


def test_day_that_was_taken_out_of_the_chain_is_seen_in_the_next_row(scene: LogScene) -> None:
    scene.live(3, GATEWAY)
    Forger(scene).does("DELETE FROM log_seal WHERE number = 2")
    scene.file(GATEWAY, SECOND).unlink()
    assert scene.faults() == [("chain", f"{GATEWAY}/{FIRST + 2 * DAY}.log.gz")]
    assert [gap.first for gap in scene.proof_of(GATEWAY).gaps] == [SECOND]


def test_day_that_was_taken_out_and_the_rest_chained_again_leaves_a_hole(scene: LogScene) -> None:
    scene.live(3, GATEWAY)
    forger = Forger(scene)
    forger.does("DELETE FROM log_seal WHERE number = 2")
    forger.makes_the_chain_again(scene)
    scene.file(GATEWAY, SECOND).unlink()
    assert scene.faults() == [("chain", f"{GATEWAY}/{FIRST + 2 * DAY}.log.gz")]


def test_file_that_may_not_be_read_is_a_finding_and_says_nothing_about_its_day(
    scene: LogScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.live(2, GATEWAY)

    def refuse(path: Path, most: int) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("collector.logs.verify.read_again", refuse)
    found = look(scene.book, scene.folder, lambda seal: seal.number == 2)
    assert [(one.fault, one.subject) for one in found] == [(Fault.UNREADABLE, NAME)]
    assert scene.proof_of(GATEWAY).gaps == ()


def test_every_row_that_does_not_fit_is_named(scene: LogScene) -> None:
    scene.live(6, GATEWAY)
    forger = Forger(scene)
    forger.does("UPDATE log_seal SET at = 'x' WHERE number IN (2, 5)")
    assert [subject for _, subject in scene.faults()] == [
        f"{GATEWAY}/{SECOND}.log.gz",
        f"{GATEWAY}/{FIRST + 4 * DAY}.log.gz",
    ]


def test_chain_that_was_made_again_is_found_by_a_link_that_was_written_down(
    scene: LogScene,
) -> None:
    scene.live(3, GATEWAY)
    newest = scene.book.newest()
    assert newest is not None
    assert anchor_fault(scene.book.seals(), newest.anchor[:20]) is None
    forger = Forger(scene)
    forger.does("UPDATE log_seal SET at = 'x' WHERE number = 2")
    forger.makes_the_chain_again(scene)
    assert scene.faults() == []
    assert anchor_fault(scene.book.seals(), newest.anchor) is not None


def test_chain_that_was_cut_at_its_end_is_found_by_a_link_that_was_written_down(
    scene: LogScene,
) -> None:
    scene.live(3, GATEWAY)
    newest = scene.book.newest()
    assert newest is not None
    Forger(scene).does("DELETE FROM log_seal WHERE number = 3")
    scene.file(GATEWAY, FIRST + 2 * DAY).unlink()
    assert scene.faults() == []
    assert anchor_fault(scene.book.seals(), newest.anchor) is not None


@pytest.mark.parametrize("text", ["", "3", "3:", "3:0123", "x:" + "0" * 64])
def test_anchor_that_is_none_is_refused(scene: LogScene, text: str) -> None:
    with pytest.raises(AnchorError, match="NUMBER:LINK"):
        anchor_fault([], text)


def test_row_that_leads_out_of_the_folder_reads_and_deletes_nothing(scene: LogScene) -> None:
    scene.live(1, GATEWAY)
    (seal,) = scene.book.seals()
    with pytest.raises(ValueError, match="no name of a source"):
        scene.folder.sealed(replace(seal.part, source="../../etc"))


def test_altered_day_is_missing_until_it_is_put_back(scene: LogScene) -> None:
    scene.add(GATEWAY, "192.0.2.1")
    scene.live(4, GATEWAY)
    path = scene.file(GATEWAY, SECOND)
    sound = path.read_bytes()
    edit(path)
    look(scene.book, scene.folder, lambda _: True)
    assert [(gap.first, gap.cause.value) for gap in scene.proof_of(GATEWAY).gaps] == [
        (SECOND, "damaged")
    ]
    path.write_bytes(sound)
    look(scene.book, scene.folder, lambda _: False)  # what was wrong is always looked at again
    assert scene.proof_of(GATEWAY).gaps == ()


def test_daily_look_reads_the_newest_days_and_each_older_one_once_a_month() -> None:
    today = date(2026, 9, 1)
    read: dict[int, int] = {}
    for ahead in range(30):
        chosen = daily_share(today + ahead * DAY, 7, 30)
        for number in range(1, 101):
            if chosen(_of_day(number, date(2026, 1, 1))):
                read[number] = read.get(number, 0) + 1
    assert read == dict.fromkeys(range(1, 101), 1)
    assert all(daily_share(today, 7, 30)(_of_day(n, today - 7 * DAY)) for n in range(1, 101))


def test_daily_look_finds_a_missing_file_and_another_size_of_any_age(scene: LogScene) -> None:
    scene.live(6, GATEWAY)
    scene.file(GATEWAY, FIRST).unlink()
    cut(scene.file(GATEWAY, SECOND))
    found = look(scene.book, scene.folder, lambda _: False)
    assert [finding.fault.value for finding in found] == ["removed", "truncated"]


def _of_day(number: int, day: date) -> Seal:
    return Seal(number, Kind.SEALED, Part(GATEWAY, day, 0), GONE, 0, "", "")
