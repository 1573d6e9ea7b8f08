"""`banjun-collector inventory` on a register, and what stands in the audit trail and access log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.access.book import AccessBook
from collector.register.model import School
from collector.register.register import Register, utc_now
from collector.register.room import Room, RoomKind
from tests.collector.inventory.network import HERE, THERE, Network, agent, mac
from tests.collector.inventory.scene import HOSTILE, PHONE, VIVO, furnish
from tests.collector.test_commands_schools import Command

HEADER = "学校代码,MAC 地址,资产编号,类型,用途,房间,名称,购置年份,状态\n"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


@pytest.fixture
def register(network: Network) -> Register:
    """With two schools; the commands open it beside this one."""
    for code in (HERE, THERE):
        network.register.put_schools([School(code=code, name="示例", adcode="340199")], "me")
    return network.register


def sheet(tmp_path: Path, *lines: str, header: str = HEADER) -> str:
    path = tmp_path / "devices.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines), "utf-8")
    return str(path)


def test_import_declares_what_a_list_says(run: Command, register: Register, tmp_path: Path) -> None:
    lines = [
        f"{HERE},{mac(1)} {mac(2)},A-1,电脑,教师,101,讲台机,2021,在用",
        f"{HERE},,A-2,投影仪,,101,,2019-09-01,",
        f"{HERE},{mac(3).replace(':', '-').upper()},,摄像头,,,,,报废",
    ]
    assert run("inventory", "import", sheet(tmp_path, *lines)) == 0
    assert run.out.splitlines()[-1] == "3 new, 0 changed, 0 unchanged."
    run("inventory", "list", "--json")
    found = json.loads(run.out)["devices"]
    assert [(d["kind"], d["use"], d["room"], d["purchase_year"], d["standing"]) for d in found] == [
        ("pc", "teacher", "101", 2021, "known"),
        ("projector", "", "101", 2019, "known"),
        ("camera", "", "", None, "scrapped"),
    ]
    assert sorted(found[0]["macs"]) == [mac(1), mac(2)]
    assert found[2]["macs"] == [mac(3)]


def test_room_that_the_school_has_not_registered_is_told_of_and_declared(
    run: Command, network: Network, register: Register, tmp_path: Path
) -> None:
    rooms = tuple(Room(id=id, kind=RoomKind.CLASSROOM) for id in ("101", "102"))
    known = School(code=HERE, name="示例", adcode="340199", rooms=rooms)
    register.put_schools([known], "me")
    lines = [f"{HERE},{mac(1)},,电脑,,l01,,,", f"{HERE},{mac(2)},,电脑,,101,,,"]
    elsewhere = f"{THERE},{mac(3)},,电脑,,7,,,"
    assert run("inventory", "import", sheet(tmp_path, *lines, elsewhere)) == 0
    (told,) = run.err.splitlines()
    assert f"the school {HERE} has no room 'l01'" in told
    assert "it has 101, 102" in told
    run("inventory", "declare", mac(2), "--room", "103")
    assert "no room '103'" in run.err
    assert {device.room for device in network.devices()} == {"l01", "103"}


def test_second_import_changes_only_what_differs(
    run: Command, register: Register, tmp_path: Path
) -> None:
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)},A-1,电脑,教师,101,,,"))
    again = [f"{HERE},{mac(1)},A-1,电脑,,102,,,", f"{HERE},{mac(2)},,打印机,,,,,"]
    run("inventory", "import", sheet(tmp_path, *again))
    assert "    use: teacher → -" in run.out
    assert "    room: 101 → 102" in run.out
    assert run.out.splitlines()[-1] == "1 new, 1 changed, 0 unchanged."


def test_column_that_is_not_there_leaves_what_is_known(
    run: Command, register: Register, tmp_path: Path
) -> None:
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)},A-1,电脑,教师,101,,,"))
    rooms = sheet(tmp_path, f"{HERE},A-1,103", header="school,asset number,room\n")
    run("inventory", "import", rooms)
    run("inventory", "list", "--json")
    (device,) = json.loads(run.out)["devices"]
    assert (device["room"], device["use"], device["macs"]) == ("103", "teacher", [mac(1)])


def test_every_mistake_is_named_and_nothing_is_imported(
    run: Command, register: Register, tmp_path: Path
) -> None:
    lines = [
        f"{HERE},{mac(1)},A-1,电脑,,,,,",
        f"{HERE},ff:ff:ff:ff:ff:ff,,电话机,,,,1875,",
        f"{HERE},,,电脑,,,,,",
        f"{HERE},{mac(1)},,pc,,,,,",
        f"{HERE},{mac(9)},,=1+1,,,,,",
        f"{HERE},{mac(8)}",
    ]
    assert run("inventory", "import", sheet(tmp_path, *lines)) == 2
    named = [line.partition(":")[0] for line in run.err.splitlines()[1:]]
    assert [name.split(",")[0] for name in named] == [
        *("Line 3", "Line 3", "Line 3", "Line 4", "Line 5", "Line 6", "Line 7")
    ]
    assert run.err.startswith("7 mistakes in the file; nothing was imported")
    run("inventory", "list", "--json")
    assert json.loads(run.out)["devices"] == []


def test_school_that_there_is_not_is_a_mistake(
    run: Command, register: Register, tmp_path: Path
) -> None:
    assert run("inventory", "import", sheet(tmp_path, f"9999999999,{mac(1)},,pc,,,,,")) == 2
    assert "Line 2, value '9999999999': the register has no such school." in run.err


def test_device_of_another_school_is_not_taken_away(
    run: Command, register: Register, tmp_path: Path
) -> None:
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)},,pc,,,,,"))
    assert run("inventory", "import", sheet(tmp_path, f"{THERE},{mac(1)},,pc,,,,,")) == 2
    assert f"belongs to the school {HERE}" in run.err


def test_list_joins_a_number_on_a_label_with_the_card_that_was_seen(
    run: Command, network: Network, register: Register, tmp_path: Path
) -> None:
    run("inventory", "import", sheet(tmp_path, f"{HERE},,A-1,电脑,,101,,,"))
    network.answers("10.1.1.5", mac(1))
    assert len(network.devices()) == 2
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)},A-1,电脑,,101,,,"))
    (device,) = network.devices()
    assert (device.macs, device.room, device.address) == ((mac(1),), "101", "10.1.1.5")


def test_two_cards_of_one_line_are_one_device_after_the_next_look(
    run: Command, network: Network, register: Register, tmp_path: Path
) -> None:
    network.answers("10.1.1.5", mac(1))
    network.answers("10.1.1.6", mac(2))
    assert len(network.devices()) == 2
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)} {mac(2)},A-1,电脑,,,,,"))
    network.pass_time(hours=1)
    network.answers("10.1.1.6", mac(2))
    (device,) = network.devices()
    assert set(device.macs) == {mac(1), mac(2)}


def test_agent_on_a_declared_device_keeps_what_was_declared(
    run: Command, network: Network, register: Register, tmp_path: Path
) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(2))
    network.look()
    run("inventory", "import", sheet(tmp_path, f"{HERE},{mac(1)},A-1,一体机,教师,101,,,"))
    network.pass_time(hours=1)
    network.owns("pc-1", mac(1), mac(2))
    (device,) = network.devices()
    assert (device.agent, device.kind.value, device.room) == ("pc-1", "smart_board", "101")
    merged = [entry for entry in register.audit_entries() if entry.action == "inventory.merge"]
    assert merged[0].detail["asset"] == "A-1"


def test_declare_says_one_thing_and_the_audit_trail_has_it(
    run: Command, network: Network, register: Register
) -> None:
    network.answers("10.1.1.5", mac(1))
    id = str(network.device(mac(1)).id)
    assert run("inventory", "declare", id, "--kind", "pc", "--room", "101") == 0
    run("inventory", "declare", mac(1), "--room", "")
    (device,) = network.devices()
    assert (device.kind.value, device.room, device.standing) == ("pc", "", "known")
    entries = [e for e in register.audit_entries() if e.action == "inventory.declare"]
    assert [e.detail.get("room") for e in entries] == ["", "101"]
    assert entries[0].actor.startswith("cli:")


def test_declare_takes_no_word_that_means_nothing(run: Command, register: Register) -> None:
    assert run("inventory", "declare", mac(1)) == 2
    assert "to declare it, give --school" in run.err
    assert run("inventory", "declare", mac(1), "--school", HERE, "--kind", "toaster") == 2
    assert "--kind toaster: write one of: gateway" in run.err
    assert run("inventory", "declare", "99", "--kind", "pc") == 2
    assert run("inventory", "declare", mac(1), "--school", HERE, "--kind", "pc") == 0


def test_filters_choose(run: Command, network: Network, register: Register) -> None:
    furnish(network)
    for arguments, wanted in (
        (["--standing", "known"], 2),
        (["--kind", "switch"], 1),
        (["--room", "101"], 1),
        (["--standing", "scrapped"], 1),
        (["--school", THERE], 0),
        ([], 8),
    ):
        run("inventory", "list", "--json", *arguments)
        assert len(json.loads(run.out)["devices"]) == wanted, arguments


def test_phones_are_a_number_in_every_answer(
    run: Command, network: Network, register: Register
) -> None:
    furnish(network)
    for command in (["list", "--json"], ["list"], ["diff"], ["export"]):
        assert run("inventory", *command) == 0
        assert PHONE not in run.out + run.err
        assert mac(2, VIVO) not in run.out + run.err
    run("inventory", "list", "--json")
    assert json.loads(run.out)["phones"] == [{"school": HERE, "phones": 2, "randomised": 38}]
    assert run("inventory", "show", PHONE) == 2


def test_export_runs_in_no_spreadsheet_and_can_be_imported(
    run: Command, network: Network, register: Register, tmp_path: Path
) -> None:
    furnish(network)
    run("inventory", "export")
    assert f"'{HOSTILE}" in run.out
    assert f",{HOSTILE}" not in run.out
    path = tmp_path / "export.csv"
    path.write_text(run.out, "utf-8")
    assert run("inventory", "import", str(path), "--dry-run") == 0, run.err


def test_reads_leave_entries_in_the_access_log(
    run: Command, network: Network, register: Register
) -> None:
    network.answers("10.1.1.5", mac(1))
    id = str(network.device(mac(1)).id)
    for command in (["list"], ["show", id], ["diff"], ["export"]):
        run("inventory", *command)
    reads = AccessBook(register.database, utc_now).reads()
    doors = {entry.read["door"] for entry in reads}
    assert doors == {"inventory list", "inventory show", "inventory diff", "inventory export"}


def test_where_nothing_is_known_nothing_is_called_alike(run: Command, register: Register) -> None:
    assert run("inventory", "list") == 0
    assert "neither seen nor declared" in run.err
    assert run("inventory", "diff") == 0
    assert "nothing to compare" in run.err
    assert "do not differ" not in run.err


def test_one_device_is_shown_in_the_language_that_was_asked_for(
    run: Command, register: Register, tmp_path: Path
) -> None:
    line = f"{HERE},{mac(1)},A-1,电脑,教师,101,讲台机,2021,在用"
    run("inventory", "import", sheet(tmp_path, line))
    assert run("inventory", "show", "1", lang="zh") == 0
    shown = [line.split() for line in run.out.splitlines()]
    assert ["用途", "教师用"] in shown
    assert ["最近见到", "从未"] in shown
    assert "standing" not in run.out
