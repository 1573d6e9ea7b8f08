"""A device answers for names that do not exist.

It rests on questions for random names by LLMNR, NetBIOS and mDNS. Nobody answers these in good
faith, so one answer is enough; that hosts answer for their own names is no sign of anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.lan.detector import Detector
from collector.lan.facts import ALL
from collector.lan.look import Finding, Look, newest_label
from probes.text import Text


class NamePoisoned(Detector):
    id = "name_poisoned"
    rests_on = ("name_poisoning",)

    def find(self, look: Look) -> Iterable[Finding]:
        found: dict[str, list[int]] = {}
        sightings = [s for s in look.facts.of("name_poisoning") if s["protocol"] != ALL]
        macs = {s["address"]: s["mac"] for s in sightings if s["mac"]}
        for number, sighting in enumerate(sightings):
            if who := sighting["mac"] or macs.get(sighting["address"]) or sighting["address"]:
                found.setdefault(who, []).append(number)
        for who, numbers in sorted(found.items()):
            own = tuple(sightings[number] for number in numbers)
            protocols = sorted({s["protocol"] for s in own})
            yield Finding(
                subject=who,
                address=newest_label(own, "address"),
                mac=newest_label(own, "mac"),
                ground=Text(
                    f"应答了不存在的随机名字（{'、'.join(protocols)}）",
                    f"it answered for random names that do not exist ({', '.join(protocols)})",
                ),
                sightings=own,
            )
