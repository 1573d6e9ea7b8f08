"""A loop or a broadcast storm.

It rests on how many broadcasts the sentinel hears a second, and on what switches count at their
ports. Every run in the window has to be beyond the limit: a restarted switch, a room that is
switched on and a sweep make many frames for some seconds. MACs that are learned at two ports of one
switch by turns are added to the evidence, as they point to where the loop is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.lan.detector import Detector
from collector.lan.facts import BROADCASTS, HEARD, PORT_BROADCASTS, Sighting
from collector.lan.look import Finding, Look
from probes.text import Text

SUBJECT = "lan"
"""Of a network there is one loop at a time: it fills all of it."""
MOST_PORTS = 4
"""That are named."""


class LanLoop(Detector):
    id = "lan_loop"
    rests_on = ("lan_watch", "snmp_interfaces")
    limits = frozenset({"lan_frames_per_second", "port_frames_per_second", "runs", "flapping"})

    def find(self, look: Look) -> Iterable[Finding]:
        heard, ports = _heard(look), _ports(look)
        if not heard and not ports:
            return
        said = [_of_lan(s, rate) for s, rate in heard] + ([_of_ports(ports)] if ports else [])
        flapping = look.flapping_ports(int(look.limit("flapping")))
        if flapping:
            shown = ", ".join(flapping[:MOST_PORTS])
            said.append(Text(f"MAC 在 {shown} 之间来回", f"MACs go back and forth between {shown}"))
        yield Finding(
            subject=SUBJECT,
            ground=Text("；".join(t.zh for t in said), "; ".join(t.en for t in said)),
            sightings=(*(s for s, _ in heard), *ports),
        )


def _heard(look: Look) -> list[tuple[Sighting, float]]:
    """What listeners heard in every run, as frames a second at least."""
    seconds = {s.agent: s.value for s in look.facts.that(HEARD)}
    found = []
    for s in look.facts.that(BROADCASTS):
        if s.n >= look.limit("runs") and seconds.get(s.agent, 0) > 0:
            rate = s.value / seconds[s.agent]
            if rate >= look.limit("lan_frames_per_second"):
                found.append((s, rate))
    return found


def _ports(look: Look) -> list[Sighting]:
    least, runs = look.limit("port_frames_per_second"), look.limit("runs")
    found = [s for s in look.facts.that(PORT_BROADCASTS) if s.value >= least and s.n >= runs]
    return sorted(found, key=lambda s: -s.value)


def _of_lan(_sighting: Sighting, rate: float) -> Text:
    return Text(
        f"每次都听到每秒 {rate:.0f} 个以上的广播帧",
        f"{rate:.0f} broadcasts a second or more in every run",
    )


def _of_ports(ports: Sequence[Sighting]) -> Text:
    named = ", ".join(f"{s.target} {s['interface']} ({s.value:.0f}/s)" for s in ports[:MOST_PORTS])
    return Text(f"交换机端口收到的广播：{named}", f"broadcasts received at ports: {named}")
