"""The gateway's management can be reached from where pupils sit.

It rests on PCs that open a connection to the management ports of their default gateway and send
nothing. Only PCs that are surely at school count: at home everybody reaches his own router.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.lan.detector import Detector
from collector.lan.facts import REACHABLE
from collector.lan.look import Finding, Look, by_subject
from probes.model import Role
from probes.text import Text


class ManagementOpen(Detector):
    id = "management_open"
    rests_on = ("gateway_management", "gateway_mac")
    limits = frozenset({"agents", "runs"})

    def find(self, look: Look) -> Iterable[Finding]:
        pcs = {id for id, agent in look.agents.items() if agent.role is Role.PC}
        reached = [
            s
            for s in look.facts.that(REACHABLE)
            if s.value >= 1 and s.n >= look.limit("runs") and s.agent in pcs
        ]
        for port, sightings in sorted(by_subject(reached, "port").items()):
            here = look.at_school(sightings)
            own = tuple(s for s in sightings if s.agent in here)
            if len(here) >= look.limit("agents"):
                yield Finding(
                    subject=f"port {port}",
                    ground=Text(
                        f"{len(here)} 台教室电脑能连上网关的端口 {port}",
                        f"{len(here)} classroom PCs reach port {port} of the gateway",
                    ),
                    sightings=own,
                )
