"""A task for the Task Scheduler of Windows that keeps a program running.

Restarting "on failure" is not enough: a program that ends is no failure to the scheduler. So the
task is started again and again, and the scheduler ignores that while it runs.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from xml.etree import ElementTree as ET  # writes only

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
LOCAL_SERVICE, SYSTEM = "S-1-5-19", "S-1-5-18"
"""Accounts by their ids, which are the same in every language. LOCAL SERVICE may little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A program that runs from boot on, whether somebody is logged on or not.

    Attributes:
        name: with its folder, such as Banjun\\Agent.
        command: program and arguments; the program with its whole path.
        state: the folder that holds what it knows; nobody else shall read it.
        folder: where it is started; `state` if it does not matter.
        account: LOCAL_SERVICE or SYSTEM.
    """

    name: str
    description: str
    command: tuple[str, ...]
    state: str
    folder: str = ""
    account: str = LOCAL_SERVICE


def task_xml(task: Task) -> bytes:
    """UTF-16 with its mark, as `schtasks /Create /XML` wants it (schema 1.2, Windows 7 on)."""
    root = ET.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _grow(root, "RegistrationInfo", Description=task.description, URI=f"\\{task.name}")
    # In this order; elements of a trigger are a sequence.
    triggers = ET.SubElement(root, "Triggers")
    for kind in ("BootTrigger", "RegistrationTrigger"):
        trigger = _grow(triggers, kind, Enabled="true")
        # Without a duration it goes on for ever.
        _grow(trigger, "Repetition", Interval="PT5M", StopAtDurationEnd="false")
    principals = ET.SubElement(root, "Principals")
    least = "HighestAvailable" if task.account == SYSTEM else "LeastPrivilege"
    principal = _grow(principals, "Principal", UserId=task.account, RunLevel=least)
    principal.set("id", "Agent")
    _settings(root)
    actions = ET.SubElement(root, "Actions", {"Context": "Agent"})
    program, *arguments = task.command
    _grow(
        actions,
        "Exec",
        Command=program,
        Arguments=subprocess.list2cmdline(arguments),
        WorkingDirectory=task.folder or task.state,
    )
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="UTF-16")
    return content


def _settings(root: ET.Element) -> None:
    settings = _grow(
        root,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        AllowHardTerminate="true",
        StartWhenAvailable="true",
        RunOnlyIfNetworkAvailable="false",
        AllowStartOnDemand="true",
        Enabled="true",
        Hidden="false",
        RunOnlyIfIdle="false",
        WakeToRun="false",
        ExecutionTimeLimit="PT0S",  # none; left out it would be three days
        Priority="7",
    )
    _grow(settings, "RestartOnFailure", Interval="PT1M", Count="255")


def _grow(parent: ET.Element, name: str, **texts: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    for child, text in texts.items():
        ET.SubElement(element, child).text = text
    return element


def install_commands(task: Task, xml_path: str) -> tuple[str, ...]:
    """For a command prompt of an administrator."""
    rights = " ".join(f"*{sid}:(OI)(CI)F" for sid in ("S-1-5-18", "S-1-5-32-544"))
    own = "" if task.account == SYSTEM else f" *{task.account}:(OI)(CI)M"
    return (
        f'icacls "{task.state}" /inheritance:r /grant:r {rights}{own}',
        f'schtasks /Create /TN "{task.name}" /XML "{xml_path}" /F',
        f'schtasks /Run /TN "{task.name}"',
    )


def uninstall_commands(task: Task) -> tuple[str, ...]:
    return (f'schtasks /End /TN "{task.name}"', f'schtasks /Delete /TN "{task.name}" /F')
