"""What all instruments of security posture have in common: one reading for each part of it.

Each says where its fact comes from and with which privilege it was read. A part that could not be
looked at is a reading of its own, without values: unknown, never off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from probes.model import Better, Metric, Outcome, Reading, Unit
from probes.text import Text

PART, SOURCE, PRIVILEGE = "part", "source", "privilege"
NONE = "-"
"""The source of a part of which nothing could be read."""
NOT_HERE = "not_here"
USER, ADMIN = "user", "admin"

POSTURE_LABELS: Mapping[str, Text] = {
    SOURCE: Text(
        f"事实的来源，如 registry、file、command；没有读到时为 {NONE}。",
        f"Where the fact comes from, such as registry, file, command; {NONE} if it was not read.",
    ),
    PRIVILEGE: Text(
        f"读取时的权限：{USER} 普通用户，{ADMIN} 管理员（root）。",
        f"With which privilege it was read: {USER}, or {ADMIN} (root).",
    ),
}
"""Of every posture instrument, beside its own `part`."""

POSTURE_REASONS: Mapping[str, Text] = {
    NOT_HERE: Text(
        "本机的系统没有这一项，因此谈不上做到或没做到。",
        "The system of this machine has no such thing, so there is nothing to fulfil.",
    ),
}
"""To be among the reasons of an instrument some part of which exists on some systems only."""


def boolean(name: str, title: Text, meaning: Text, better: Better = Better.HIGHER) -> Metric:
    """A fact that holds (1) or does not (0)."""
    return Metric(
        name=name,
        unit=Unit.BOOLEAN,
        better=better,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
        maximum=1,
    )


def count(name: str, title: Text, meaning: Text, better: Better = Better.LOWER) -> Metric:
    return Metric(
        name=name,
        unit=Unit.COUNT,
        better=better,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
    )


def age(name: str, title: Text, meaning: Text, better: Better = Better.LOWER) -> Metric:
    """Whole seconds, of an age or of a time that is set."""
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=better,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
    )


def privilege() -> str:
    """With which this process reads."""
    if sys.platform == "win32":
        windows: Any = import_module("ctypes")  # a PC pays for it, and only Windows needs it
        return ADMIN if windows.windll.shell32.IsUserAnAdmin() else USER
    return USER if os.geteuid() else ADMIN


def known(part: str, source: str, values: Mapping[Metric, float | None], **more: str) -> Reading:
    """What was read of a part; None is left out. Nothing at all is `unreadable`.

    `more`: values of further labels.
    """
    found = {metric: value for metric, value in values.items() if value is not None}
    labels = {PART: part, SOURCE: source, PRIVILEGE: privilege(), **more}
    if not found:
        return Reading(Outcome.NOT_RUN, {}, labels, "unreadable")
    return Reading.ok(found, labels)


def unknown(part: str, reason: str, source: str = NONE, **more: str) -> Reading:
    """Nothing was learned of a part; `reason` is among those of the instrument, or common."""
    labels = {PART: part, SOURCE: source, PRIVILEGE: privilege(), **more}
    return Reading(Outcome.NOT_RUN, {}, labels, reason)
