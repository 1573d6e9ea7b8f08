"""What judging is told of the schools' premises: read afresh for each judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from collector.inventory.model import Device
from collector.judge.premises import Premises
from collector.lan.site import Sites
from collector.register.register import Register

PAST = timedelta(days=40)
"""How far back examinations matter: a month and what its end overlaps."""


def premises_now(
    register: Register, now: datetime, sites: Sites, devices: Mapping[str, Sequence[Device]]
) -> Premises:
    """`devices`: what the inventory knows, by school."""
    uplinks = {code: site.uplink for code, site in sites.items() if site.uplink}
    return Premises(devices, tuple(register.exams.since(now - PAST)), uplinks)
