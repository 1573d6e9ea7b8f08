from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.register.model import School
from collector.register.register import Register
from collector.register.roster import Roster


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def school(code: str, **facts: object) -> School:
    return School(code=code, name="示例小学", adcode="340199", **facts)  # type: ignore[arg-type]


def test_schools_are_read_once_while_nothing_changes(tmp_path: Path) -> None:
    register = Register.open(tmp_path / "register.sqlite3", Clock())
    register.put_schools([school("9934000001")], actor="test")
    roster = Roster(register)
    assert roster.schools() is roster.schools()
    register.close()


def test_change_of_the_register_is_seen_at_once(tmp_path: Path) -> None:
    register = Register.open(tmp_path / "register.sqlite3", Clock())
    roster = Roster(register)
    assert roster.schools() == ()
    register.put_schools([school("9934000001")], actor="test")
    assert [one.code for one in roster.schools()] == ["9934000001"]
    register.close()


def test_facts_that_hold_from_tomorrow_hold_tomorrow(tmp_path: Path) -> None:
    clock = Clock()
    register = Register.open(tmp_path / "register.sqlite3", clock)
    tomorrow = register.today() + timedelta(days=1)
    register.put_schools([school("9934000001", multigrade_classes=3)], actor="test")
    later = school("9934000001", multigrade_classes=4, valid_from=tomorrow)
    register.put_schools([later], actor="test")
    roster = Roster(register)
    assert roster.schools()[0].multigrade_classes == 3
    clock.now += timedelta(days=1)
    assert roster.schools()[0].multigrade_classes == 4
    register.close()
