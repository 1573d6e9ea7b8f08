from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from collector.register.model import Link, School
from collector.register.register import Register
from collector.register.room import Room, RoomKind


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "register.sqlite3"


@pytest.fixture(scope="session")
def empty_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; a test gets a copy."""
    path = tmp_path_factory.mktemp("register") / "register.sqlite3"
    Register.open(path).close()
    return path


@pytest.fixture
def register(path: Path, clock: Clock, empty_register: Path) -> Iterator[Register]:
    path.parent.mkdir(mode=0o700)
    shutil.copy(empty_register, path)
    register = Register.open(path, clock)
    yield register
    register.close()


@pytest.fixture
def school() -> School:
    """Every field differs from its default."""
    return School(
        code="9934000001",
        name="示例实验学校",
        adcode="340199",
        unit_kind="campus",
        type_code="312",
        urban_code="111",
        policy_area="urban",
        students={"primary": 900, "junior": 500},
        teachers=128,
        classes={"primary": 20, "junior": 0},
        multigrade_classes=1,
        attached_classes=2,
        seat="county_town",
        counts={"classrooms": 24, "digital_labs": 0, "networked_multimedia_rooms.junior": 9},
        claims={"smart_classroom": True, "smart_campus": False},
        rooms=(
            Room(
                id="A101",
                kind=RoomKind.CLASSROOM,
                name="一年级1班",
                seats=45,
                main_teaching_place=True,
                set_installed=False,
                wifi=True,
                surveyed_on=date(2026, 2, 10),
            ),
            Room(id="J101", kind=RoomKind.COMPUTER_ROOM),
        ),
        links=(
            Link(
                name="主线",
                isp="示例电信",
                medium="光纤",
                role="primary",
                contract_down_bits_per_second=300_000_000,
                contract_up_bits_per_second=1_500_000,
                shared_classes=3,
            ),
            Link(name="备线", role="backup"),
        ),
        calendar="mountain",
        time_zone="Asia/Urumqi",
        tags=frozenset({"pilot", "试点"}),
    )
