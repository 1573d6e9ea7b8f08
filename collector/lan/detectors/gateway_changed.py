"""The gateway has another MAC address, and all who see it have followed.

That is what a replaced router looks like, an attacker who deceives everybody, and a mistake in the
county's file; people know which. It is a notice: once the new address has lasted it is the school's
own, unless the county's file names the old one.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.lan.detector import Detector
from collector.lan.gateways import Stranger, stranger
from collector.lan.look import Finding, Look, agents_of
from probes.model import Role
from probes.text import Text


class GatewayChanged(Detector):
    id = "gateway_changed"
    rests_on = ("gateway_mac",)
    limits = frozenset({"grace", "gap"})

    def find(self, look: Look) -> Iterable[Finding]:
        for address in look.gateways.addresses():
            for mac in look.gateways.strangers(address):
                found = stranger(look.gateways, address, mac, look.span("grace"), look.span("gap"))
                if found is not None and _all_followed(found, look):
                    yield _finding(found)


def _finding(found: Stranger) -> Finding:
    return Finding(
        subject=found.mac,
        address=found.address,
        mac=found.mac,
        ground=_ground(found),
        sightings=found.deceived,
    )


def _ground(found: Stranger) -> Text:
    own, number = found.own.ground, len(agents_of(found.deceived))
    if not found.saw_own:
        return Text(
            f"{own.zh}，但从来没有代理看到过它；看到的 {number} 个代理看到的都是另一个",
            f"{own.en}, but no agent has ever seen it; all {number} agents see another one",
        )
    return Text(
        f"{own.zh}；现在 {number} 个代理都看到新的 MAC",
        f"{own.en}; now all {number} agents see the new one",
    )


def _all_followed(found: Stranger, look: Look) -> bool:
    # Whoever saw the own MAC lately and has said nothing since may see it still.
    if found.rightly or found.back_and_forth or found.both_alive or found.never_verified:
        return False
    return _is_settled(found, look) and _is_here(found, look)


def _is_settled(found: Stranger, look: Look) -> bool:
    """Whoever still saw the own MAC lately has had time to see the new one."""
    began = min((s.first for s in found.deceived), default=look.now)
    return look.now - began >= look.span("grace")


def _is_here(found: Stranger, look: Look) -> bool:
    """Not one laptop that is at home: a change before its eyes, two that saw the own MAC before, or
    a machine that never leaves. Where nobody ever saw what is registered, that one alone: PCs may
    all sit behind the router of their room."""
    deceived = agents_of(found.deceived)
    witnesses = deceived & found.saw_own
    told_by = witnesses if found.saw_own else deceived
    fixed = any(look.gateways.is_of(agent, Role.SENTINEL) for agent in told_by)
    return bool(found.abrupt) or fixed or len(witnesses) >= 2
