"""`banjun-agent probes`: what can be measured."""

from __future__ import annotations

from agent.commands.terminal import OK, Terminal
from probes.catalog import discover


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
        terminal.show(
            f"{probe.name:<20} {aim[0]:<4} {probe.title.zh}",
            f"{probe.name:<20} {aim[1]:<7} {probe.title.en}",
        )
    return OK
