from __future__ import annotations

import json
import logging
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from collector.logs.evidence import LogEvidence
from collector.logs.keeping import LogKeeping
from collector.logs.own import OwnDay, Readings
from collector.logs.proof import LogState
from collector.register.register import Register
from collector.store.journal import ArchiveFile, Journal
from config.policy_folder import POLICY_FOLDER
from probes.text import Text
from tests.collector.logs.scene import DAY, FIRST, LogScene

GATEWAY = "gateway"


@pytest.fixture
def keeping(scene: LogScene) -> LogKeeping:
    return LogKeeping(scene.database, scene.data_dir, scene.policy, scene.now, [])


def test_work_seals_and_says_how_things_stand(scene: LogScene, keeping: LogKeeping) -> None:
    scene.add(GATEWAY, "192.0.2.1")
    assert keeping.figures() == {}
    scene.receive(GATEWAY, FIRST)
    scene.today += DAY
    keeping.work()
    (seal,) = scene.book.seals()
    assert keeping.figures() == {
        "log_sources": 1,
        "log_sources_proven": 0,
        "log_faults": 0,
        "log_checked_on": "2026-03-02",
        "log_anchor": f"1:{seal.link}",
    }


def test_table_for_the_receiver_follows_the_register(scene: LogScene, keeping: LogKeeping) -> None:
    scene.add(GATEWAY, "2001:db8:0::1")
    keeping.work()
    table = json.loads(scene.folder.sources.read_bytes())
    assert table["nomatch"] == "_unregistered"
    assert table["table"] == [{"index": "2001:db8::1", "value": GATEWAY}]


def test_touched_file_of_a_school_is_told_with_its_school(scene: LogScene) -> None:
    told: list[tuple[str, str]] = []
    keeping = LogKeeping(
        scene.database, scene.data_dir, scene.policy, scene.now, [],
        lambda school, file: told.append((school, file)),
    )  # fmt: skip
    scene.add(GATEWAY, "192.0.2.1", school="9934000001")
    scene.live(3, GATEWAY)
    keeping.work()
    assert told == []
    scene.file(GATEWAY, FIRST).write_bytes(b"other")
    scene.today += DAY
    keeping.work()
    assert told == [("9934000001", str(Path(GATEWAY, scene.file(GATEWAY, FIRST).name)))]


def test_daily_look_says_aloud_what_it_finds_and_only_once_a_day(
    scene: LogScene, keeping: LogKeeping, caplog: pytest.LogCaptureFixture
) -> None:
    scene.live(3, GATEWAY)
    scene.file(GATEWAY, FIRST).unlink()
    with caplog.at_level(logging.ERROR):
        keeping.work()
        keeping.work()
    assert caplog.messages == [f"sealed logs: {GATEWAY}/{FIRST}.log.gz: removed"]
    assert keeping.figures()["log_faults"] == 1
    scene.file(GATEWAY, FIRST + DAY).unlink()
    scene.today += DAY
    keeping.work()
    assert keeping.figures()["log_faults"] == 2


def test_source_that_was_removed_is_not_asked_for_and_its_lines_stay(scene: LogScene) -> None:
    scene.add(GATEWAY, "192.0.2.1", "9934000001")
    scene.live(2, GATEWAY)
    scene.book.remove_source(GATEWAY, "test")
    assert scene.evidence.of("9934000001").sources == 0
    assert scene.faults() == []
    scene.add("other", "192.0.2.1")  # the address is free again
    scene.add(GATEWAY, "192.0.2.2", "9934000001")
    assert scene.evidence.of("9934000001").days_kept == 2


def test_lines_of_a_stranger_are_sealed_and_are_no_school_s(scene: LogScene) -> None:
    scene.live(2, "_unregistered")
    assert len(scene.book.seals()) == 2
    assert scene.evidence.sources() == []


class Accesses:
    """As the access log answers."""

    name = "_access"
    title = Text("访问记录", "access log")
    silent_days = 8

    def days(self) -> dict[date, OwnDay]:
        days = [FIRST, FIRST + 5 * DAY]
        return {day: OwnDay(1, _noon(day), _noon(day), "0a") for day in days}


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def test_records_of_our_own_count_as_a_source_of_no_school(scene: LogScene) -> None:
    scene.today = FIRST + 7 * DAY
    own = [Accesses()]
    evidence = LogEvidence(scene.book, scene.folder, scene.policy, scene.now, own)
    (source,) = evidence.sources()
    assert (source.name, source.school, source.silent_days) == ("_access", "", 8)
    assert (source.proof.state, source.proof.days_kept) == (LogState.ON_TRACK, 7)


def test_day_of_readings_counts_while_its_files_are_there(tmp_path: Path) -> None:
    readings = Readings(tmp_path)
    assert readings.days() == {}
    journal = Journal.open(tmp_path / "journal.sqlite3")
    files = [_archived(tmp_path, day, n) for day in ("2026-03-01", "2026-03-02") for n in (1, 2)]
    hourly = ArchiveFile("p.hourly/x", "p", "2026-03-03", "hour", 9, 9, 0, 0)
    journal.seal(0, [*files, hourly], 0)
    journal.close()
    assert {day: found.records for day, found in readings.days().items()} == {
        date(2026, 3, 1): 14,
        date(2026, 3, 2): 14,
    }
    (tmp_path / "archive" / files[0].path).write_bytes(b"sho")
    assert list(readings.days()) == [date(2026, 3, 2)]
    (tmp_path / "archive" / files[3].path).unlink()
    assert readings.days() == {}


def _archived(data_dir: Path, day: str, number: int) -> ArchiveFile:
    path = data_dir / "archive" / "p" / f"{day}-{number}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"bytes")
    return ArchiveFile(f"p/{path.name}", "p", day, "day", 7, 5, 1000, 2000)


def test_it_opens_beside_a_register_with_the_readings_as_a_source(scene: LogScene) -> None:
    with closing(Register.open(scene.data_dir / "register.sqlite3", scene.now)) as register:
        keeping = LogKeeping.of(register, scene.data_dir, POLICY_FOLDER)
        assert [one.name for one in keeping.evidence.sources()] == ["_readings"]
