from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from collector.register.register import Register
from probes.model import Role
from probes.wire import EnrolRequest
from tests.collector.test_commands_schools import EXAMPLE, Command, run  # noqa: F401

ROOMS = EXAMPLE.parent / "rooms.csv"
CODE = "9934000001"


@pytest.fixture
def county(run: Command) -> Command:  # noqa: F811
    run("schools", "import", str(EXAMPLE))
    assert run("rooms", "import", str(ROOMS)) == 0
    return run


def enrol(data_dir: Path, hostnames: Sequence[str]) -> None:
    register = Register.open(data_dir / "register.sqlite3")
    token = register.create_token(
        CODE, Role.PC, actor="test", expires_in=timedelta(hours=1), max_uses=len(hostnames)
    )
    for number, hostname in enumerate(hostnames):
        request = EnrolRequest(
            v=1,
            token=f"{token.id}.{token.secret}",
            nonce=f"{number:032x}",
            hostname=hostname,
            system="Linux",
            version="1",
        )
        register.enrol(request, "127.0.0.1")
    register.close()


def placed(data_dir: Path) -> dict[str, str]:
    register = Register.open(data_dir / "register.sqlite3")
    found = {agent.hostname: agent.room for agent in register.agents()}
    register.close()
    return found


def test_the_example_rooms_are_registered(county: Command) -> None:
    assert county.out.splitlines()[-1] == "7 added, 0 changed, 0 no longer registered."


def test_a_file_is_the_whole_list_of_the_schools_it_names(county: Command, tmp_path: Path) -> None:
    less = tmp_path / "less.csv"
    less.write_text("学校代码,房间编号,房间类型\n9934000001,A101,普通教室\n", "utf-8")
    county("rooms", "import", str(less))
    assert county.out.splitlines()[-1] == "0 added, 1 changed, 5 no longer registered."
    county("rooms", "list", "--json")
    assert {row["school"] for row in json.loads(county.out)} == {CODE, "9934000005"}


def test_what_is_exported_changes_nothing_when_it_is_imported(
    county: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    county("rooms", "export")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(county.out.encode())))
    county("rooms", "import", "-")
    assert county.out.splitlines()[-1] == "0 added, 0 changed, 0 no longer registered."


def test_importing_schools_again_leaves_their_rooms(county: Command) -> None:
    county("schools", "import", str(EXAMPLE))
    assert county.out.splitlines()[-1] == "0 new, 0 changed, 7 unchanged."


def test_agents_are_placed_by_pattern_and_taken_out_again(county: Command) -> None:
    enrol(county.data_dir, ["JF1-01", "JF1-02", "BAN-1"])
    assert county("agents", "place", CODE, "jf1-*", "--room", "J101") == 0
    assert placed(county.data_dir) == {"JF1-01": "J101", "JF1-02": "J101", "BAN-1": ""}
    county("agents", "place", CODE, "JF1-02")
    assert placed(county.data_dir)["JF1-02"] == ""


def test_an_unknown_room_or_agent_is_refused(county: Command) -> None:
    enrol(county.data_dir, ["JF1-01"])
    assert county("agents", "place", CODE, "JF1-01", "--room", "J999") != 0
    assert "J101" in county.err
    assert county("agents", "place", CODE, "JF1-01", "PC9", "--room", "J101") != 0
    assert placed(county.data_dir) == {"JF1-01": ""}


def test_an_exam_needs_a_room_with_seats(county: Command) -> None:
    assert county("exam", "add", CODE, "B301", "2026-12-05 08:30") != 0
    assert county("exam", "add", CODE, "J101", "2026-12-05") != 0
    assert county("exam", "add", CODE, "J101", "2099-12-05 08:30", "信息技术") == 0
    county("exam", "list", "--json")
    (row,) = json.loads(county.out)
    assert (row["room"], row["title"]) == ("J101", "信息技术")
    assert row["at"] == "2099-12-05 08:30:00+08:00"
