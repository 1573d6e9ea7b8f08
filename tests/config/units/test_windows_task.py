"""The task against the structure of Microsoft's schema (task-scheduler-schema, version 1.2)."""

from __future__ import annotations

import re
import shlex
from xml.etree import ElementTree as ET

import pytest

from config.units.windows_task import (
    LOCAL_SERVICE,
    NAMESPACE,
    SYSTEM,
    Task,
    install_commands,
    task_xml,
    uninstall_commands,
)

FOLDER = r"C:\ProgramData\Banjun"
TASK = Task(
    name="Banjun\\Agent",
    description="班均代理程序 & <agent>",
    command=(r"C:\Program Files\Banjun\banjun-agent.exe", "run", "--state-dir", FOLDER + r"\a b"),
    state=FOLDER,
)

SEQUENCE, ALL = "in this order", "in any order"
TRIGGER = (SEQUENCE, "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit Delay")
SCHEMA = {
    "Task": (ALL, "RegistrationInfo Triggers Settings Data Principals Actions"),
    "RegistrationInfo": (ALL, "URI SecurityDescriptor Source Date Author Version Description "
                              "Documentation"),
    "Triggers": (ALL, "BootTrigger RegistrationTrigger"),
    "BootTrigger": TRIGGER,
    "RegistrationTrigger": TRIGGER,
    "Repetition": (ALL, "Interval Duration StopAtDurationEnd"),
    "Principals": (SEQUENCE, "Principal"),
    "Principal": (ALL, "UserId LogonType GroupId DisplayName RunLevel"),
    "Settings": (ALL, "AllowStartOnDemand RestartOnFailure MultipleInstancesPolicy "
                      "DisallowStartIfOnBatteries StopIfGoingOnBatteries AllowHardTerminate "
                      "StartWhenAvailable NetworkProfileName RunOnlyIfNetworkAvailable WakeToRun "
                      "Enabled Hidden DeleteExpiredTaskAfter IdleSettings NetworkSettings "
                      "ExecutionTimeLimit Priority RunOnlyIfIdle"),
    "RestartOnFailure": (ALL, "Interval Count"),
    "Actions": (SEQUENCE, "Exec"),
    "Exec": (ALL, "Command Arguments WorkingDirectory"),
}  # fmt: skip
BOOLEANS = re.compile(
    "Enabled|Hidden|StopAtDurationEnd|WakeToRun|StartWhenAvailable|Allow.*|Disallow.*|Stop.*|RunOnly.*"
)
DURATION = re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?")


def parsed(task: Task = TASK) -> ET.Element:
    return ET.fromstring(task_xml(task))


def text(path: str, task: Task = TASK) -> str:
    inside = "/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/"))
    return parsed(task).findtext(inside) or ""


def test_file_is_utf_16_with_its_mark() -> None:
    data = task_xml(TASK)
    assert data[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert data.decode("utf-16").lower().startswith("<?xml version='1.0' encoding='utf-16'?>")


def test_structure_is_that_of_the_schema() -> None:
    for element in parsed().iter():
        namespace, _, name = element.tag[1:].partition("}")
        assert namespace == NAMESPACE
        children = [child.tag.partition("}")[2] for child in element]
        if name not in SCHEMA:
            assert children == [], name
            continue
        order, known = SCHEMA[name]
        places = [known.split().index(child) for child in children]
        assert len(set(places)) == len(places), name
        assert order == ALL or places == sorted(places), name


def test_values_are_of_the_schemas_types() -> None:
    for element in parsed().iter():
        name, value = element.tag.partition("}")[2], element.text or ""
        if len(element):
            continue
        if BOOLEANS.fullmatch(name):
            assert value in ("true", "false"), name
        if name in ("Interval", "Duration", "ExecutionTimeLimit"):
            assert DURATION.fullmatch(value), name
    assert 1 <= int(text("Settings/RestartOnFailure/Count")) <= 255
    assert parsed().get("version") == "1.2"


def test_agent_runs_from_boot_on_for_ever_and_on_battery_too() -> None:
    assert text("Triggers/BootTrigger/Enabled") == "true"
    assert text("Triggers/BootTrigger/Repetition/Interval") == "PT5M"
    assert text("Triggers/BootTrigger/Repetition/Duration") == ""
    assert text("Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text("Settings/ExecutionTimeLimit") == "PT0S"
    assert text("Settings/DisallowStartIfOnBatteries") == "false"
    assert text("Settings/StopIfGoingOnBatteries") == "false"


def test_account_is_named_by_its_id_and_the_action_refers_to_it() -> None:
    assert text("Principals/Principal/UserId") == LOCAL_SERVICE
    assert text("Principals/Principal/RunLevel") == "LeastPrivilege"
    root = parsed()
    principal = root.find(f".//{{{NAMESPACE}}}Principal")
    actions = root.find(f"{{{NAMESPACE}}}Actions")
    assert principal is not None
    assert actions is not None
    assert principal.get("id") == actions.get("Context")


def test_command_is_quoted_as_windows_splits_it() -> None:
    assert text("Actions/Exec/Command") == TASK.command[0]
    assert text("Actions/Exec/Arguments") == rf'run --state-dir "{FOLDER}\a b"'
    assert text("RegistrationInfo/Description") == TASK.description


@pytest.mark.parametrize("account", [LOCAL_SERVICE, SYSTEM])
def test_nobody_but_system_administrators_and_the_agent_reads_the_folder(account: str) -> None:
    task = Task(name="Banjun\\Agent", description="", command=("x",), state=FOLDER, account=account)
    icacls, create, start = install_commands(task, FOLDER + r"\task.xml")
    assert "/inheritance:r" in icacls
    granted = set(re.findall(r"\*(S-[\d-]+):", icacls))
    assert granted == {"S-1-5-18", "S-1-5-32-544", account}
    words = [word.strip('"') for word in shlex.split(create, posix=False)]
    assert words == ["schtasks", "/Create", "/TN", task.name, "/XML", FOLDER + r"\task.xml", "/F"]
    assert task.name in start
    assert all(task.name in command for command in uninstall_commands(task))
