"""What people call the things that tags name by an identifier: the titles of the policy data.

They are read when dashboards are made; whoever changes a policy makes them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.incident_file import FILE as INCIDENTS
from config.policy_folder import POLICY_FOLDER
from config.quantity import SOURCE_UNITS
from config.runbook_file import FILE as RUNBOOK
from config.strict import read_toml
from probes.model import Unit
from probes.text import Text

PERIODS: Mapping[str, Text] = {
    "lesson": Text("上课", "lesson"),
    "break": Text("课间", "break"),
    "school_day": Text("上课日其余时间", "rest of a school day"),
    "off": Text("非上课日", "no school"),
}
ROLES: Mapping[str, Text] = {
    "gateway": Text("网关", "gateway"),
    "pc": Text("教室电脑", "classroom PC"),
}
UNITS: Mapping[Unit, Text] = {
    Unit.SECONDS: Text("时间", "time"),
    Unit.RATIO: Text("比例", "share"),
    Unit.BITS_PER_SECOND: Text("带宽", "bandwidth"),
    Unit.BYTES: Text("容量", "size"),
    Unit.COUNT: Text("数量", "count"),
    Unit.CELSIUS: Text("温度", "temperature"),
    Unit.HERTZ: Text("频率", "frequency"),
    Unit.DBM: Text("信号", "signal"),
    Unit.BOOLEAN: Text("是否", "yes or no"),
}
"""What a column of such values is called."""
_SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<"}
_ALL_AREAS = Text("全部学校", "all schools")


@dataclass(frozen=True, slots=True)
class Demand:
    """One value that a policy asks for, by whatever day and in whatever area.

    A school has one verdict about it: that of the widest share, then the latest day.

    Attributes:
        targets: identifier of each target value that asks for it -> what people call that.
        measured: whether readings decide it; else what is declared or counted does.
    """

    title: Text
    targets: Mapping[str, Text]
    measured: bool = True


def demands(folder: Path = POLICY_FOLDER) -> list[Demand]:
    """By policy, then in the order in which their values first come."""
    return [
        demand
        for path in sorted(folder.glob("target-*.toml"))
        for demand in _demands(read_toml(path))
    ]


def plans(folder: Path = POLICY_FOLDER) -> list[Demand]:
    """What readings do not decide, a whole policy each: a school has one verdict about it."""
    found = []
    for path in sorted(folder.glob("target-*.toml")):
        data = read_toml(path)
        own = list(_demands(data))
        if not own[0].measured:
            ids = {key: title for demand in own for key, title in demand.targets.items()}
            found.append(Demand(_text(data["title"]), ids, measured=False))
    return found


def targets() -> dict[str, Text]:
    """Identifier of every target value -> its policy, year and area."""
    return {key: title for demand in demands() for key, title in demand.targets.items()}


def duties(folder: Path = POLICY_FOLDER) -> dict[str, Text]:
    return {data["id"]: _text(data["title"]) for data in _duties(folder)}


def _duties(folder: Path) -> list[dict[str, Any]]:
    return [read_toml(path) for path in sorted(folder.glob("duties/*.toml"))]


def alerts(folder: Path = POLICY_FOLDER) -> dict[str, Text]:
    """Identifier of every threshold, and of what else people are told of, as the runbook says."""
    return {page["id"]: _text(page["title"]) for page in read_toml(folder / RUNBOOK)["page"]}


def causes(folder: Path = POLICY_FOLDER) -> dict[str, Text]:
    """Of incidents: an alert, or what several are known by together."""
    together = read_toml(folder / INCIDENTS).get("cause", [])
    return alerts(folder) | {cause["id"]: _text(cause["title"]) for cause in together}


def asked_units(kind: str, folder: Path = POLICY_FOLDER) -> list[Unit]:
    """Base units in which policies of that kind, `target` or `duty`, ask for something."""
    if kind == "duty":
        checks = [c for p in folder.glob("duties/*.toml") for c in read_toml(p).get("check", [])]
        of_school = [check for check in checks if "indicator" in check]
        written = ["ratio", *(check.get("unit", "boolean") for check in of_school)]
    else:
        written = [read_toml(path)["unit"] for path in folder.glob(f"{kind}-*.toml")]
    found = {SOURCE_UNITS[unit][0] for unit in written}
    return [unit for unit in Unit if unit in found]


def cadences(folder: Path = POLICY_FOLDER) -> dict[str, int]:
    """Seconds between two runs of each scheduled probe, where it runs least often."""
    found: dict[str, int] = {}
    for role in read_toml(folder / "schedule.toml")["role"].values():
        for task in role.get("task", []):
            found[task["probe"]] = max(int(task["every"]), found.get(task["probe"], 0))
    return found


def _demands(data: Mapping[str, Any]) -> Iterator[Demand]:
    title = _text(data["title"])
    areas = {key: _text(area["title"]) for key, area in data.get("areas", {}).items()}
    for value in dict.fromkeys(row["value"] for row in data["target"]):
        asked = _asked(data, value)
        targets = {
            f"{data['id']}.{row['due'].year}.{row['area']}": _named(
                title, row["due"].year, areas.get(row["area"], _ALL_AREAS)
            )
            for row in data["target"]
            if row["value"] == value
        }
        words = Text(f"{title.zh} {asked}".strip(), f"{title.en} {asked}".strip())
        yield Demand(words, targets, "delivery" in data)


def _asked(data: Mapping[str, Any], value: object) -> str:
    """`≥ 4 Mbit/s`, `≤ 6:1`; nothing for what is only yes or no."""
    unit = str(data["unit"])
    if unit == "boolean":
        return ""
    return f"{_SIGNS[data['operator']]} {value}{'' if unit.startswith(':') else ' '}{unit}"


def _named(title: Text, year: int, area: Text) -> Text:
    return Text(f"{title.zh} {year}（{area.zh}）", f"{title.en} {year} ({area.en})")


def _text(table: Mapping[str, str]) -> Text:
    return Text(table["zh"], table["en"])
