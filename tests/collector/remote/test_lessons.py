"""The list in the data directory, and what it makes agents do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.fleet.facts import facts_of
from collector.fleet.fleet import Fleet
from collector.fleet.schedule import load_schedule
from collector.register.model import School
from collector.register.register import Register
from collector.remote.lessons import FILE, RemoteLessonsFile
from config.calendar_file import load_calendar
from probes.catalog import discover
from probes.model import Role, parse_settings
from probes.wire import AgentConfig, Task
from tests.collector.register.conftest import Clock
from tests.collector.test_fleet import enrol

SCHOOL = School(code="9934000001", name="示例", adcode="340199")
OTHER = School(code="9934000002", name="示例二", adcode="340199")
LIST = (
    "学校代码,星期,节次,类型,会议点\n"
    "9934000001,周二,3,主讲,meet.example.edu.cn\n"
    "9934000001,周四,3,接收,codec.example.edu.cn:1720\n"
)


def write(folder: Path, text: str, at: int) -> None:
    (folder / FILE).write_text(text, "utf-8")
    os.utime(folder / FILE, (at, at))


def test_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    held = RemoteLessonsFile(tmp_path)
    assert (held.now.lessons, held.refresh()) == ((), False)
    write(tmp_path, LIST, 1)
    assert held.refresh()
    assert len(held.now.lessons) == 2
    (tmp_path / FILE).unlink()
    assert held.refresh()
    assert not held.now.lessons


def test_mistake_keeps_what_was_known_and_says_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, LIST, 1)
    held = RemoteLessonsFile(tmp_path)
    write(tmp_path, LIST.replace("周四", "周八"), 2)
    assert held.refresh()
    assert len(held.now.lessons) == 2
    assert held.now.fault is not None
    assert held.now.fault.zh.startswith(f"{FILE}：")
    assert "第 3 行，“星期”列，值“周八”" in held.now.fault.zh
    write(tmp_path, LIST, 3)
    held.refresh()
    assert held.now.fault is None


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register.open(tmp_path / "register.sqlite3", Clock())
    register.put_schools([SCHOOL, OTHER], "me")
    yield register
    register.close()


def by_target(config: AgentConfig) -> dict[tuple[str, str], Task]:
    return {(task.probe, task.target): task for task in config.tasks}


def test_only_the_gateway_of_a_listed_school_looks_closer(
    tmp_path: Path, register: Register
) -> None:
    catalog = discover()
    held = RemoteLessonsFile(tmp_path)
    fleet = Fleet(
        register,
        load_schedule(catalog),
        load_calendar().expand,
        Clock(),
        lambda _: {**facts_of("http://127.0.0.1:8420", 8422), "reflector_key": f"1:{0:032x}"},
        lambda: held.now.meetings,
    )
    gateway = enrol(register, SCHOOL, Role.GATEWAY, "nonce-0001")
    pc = enrol(register, SCHOOL, Role.PC, "nonce-0002")
    other = enrol(register, OTHER, Role.GATEWAY, "nonce-0003")
    before = {one.id: fleet.revision(one) for one in (gateway, pc, other)}

    write(tmp_path, LIST, 1)
    held.refresh()
    fleet.refresh()

    changed = {one.id for one in (gateway, pc, other) if fleet.revision(one) != before[one.id]}
    assert changed == {gateway.id}
    tasks = by_target(fleet.config(gateway))
    way = tasks["loaded_latency", "collector"]
    assert parse_settings(catalog["loaded_latency"].Settings, way.settings, "x").interval == 0.25
    meeting = tasks["tcp_connect", "meeting.codec.example.edu.cn:1720"]
    assert (meeting.host, meeting.port, meeting.every) == ("codec.example.edu.cn", 1720, 60)
    assert ("tcp_connect", "meeting.meet.example.edu.cn:443") in tasks
    assert "interval" not in by_target(fleet.config(other))["loaded_latency", "collector"].settings
