"""`banjun-agent probes`: what can be measured."""

from __future__ import annotations

import sys

from agent.commands.terminal import OK, Terminal
from probes.catalog import AnyProbe, discover
from probes.text import Text

UNTRIED = Text("尚未在此系统上试过", "not yet tried on this system")
if sys.platform == "win32":
    UNTRIED = Text("尚未在 Windows 上试过", "not yet tried on Windows")


def is_tried(probe: AnyProbe) -> bool:
    """Whether the probe has ever really run on a system of this kind."""
    return sys.platform in probe.tried_on


def run(terminal: Terminal) -> int:
    catalog = discover()
    if terminal.json:
        terminal.dump(
            [
                {
                    "name": probe.name,
                    "version": probe.version,
                    "title": {"zh": probe.title.zh, "en": probe.title.en},
                    "needs_target": probe.aimed,
                    "tried_on": sorted(probe.tried_on),
                    "roles": sorted(role.value for role in probe.roles),
                    "labels": list(probe.labels),
                    "metrics": {metric.name: metric.unit.value for metric in probe.measures},
                }
                for probe in catalog.values()
            ]
        )
        return OK
    for probe in catalog.values():
        aim = ("目标" if probe.aimed else "本机", "target" if probe.aimed else "local")
        mark = Text("", "") if is_tried(probe) else Text(f"（{UNTRIED.zh}）", f" ({UNTRIED.en})")
        terminal.show(
            f"{probe.name:<20} {aim[0]:<4} {probe.title.zh}{mark.zh}",
            f"{probe.name:<20} {aim[1]:<7} {probe.title.en}{mark.en}",
        )
    return OK
