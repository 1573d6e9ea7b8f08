"""A finding as it is kept: what pages and messages say of it, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collector.register.model import State, Watched
from probes.text import Text

Seer = tuple[str, str]
"""Probe and agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One finding.

    Attributes:
        watched: its school, its subject as the target, its kind as the threshold.
        address, mac: of the device; empty = not known.
        vendor: who made its network card, by the block of its MAC; empty = not known.
        port, port_at: switch and port where the MAC was learned last, and when; empty = not known.
        owner: the machine of an agent to which the MAC belongs; empty = of none.
        seers: who saw it, by which probe, since it was raised.
        last_seen: the newest sighting; the next one may be on its way.
        over_at: None while it may still be there.
        state: unknown while none of those who could see it looks.
    """

    watched: Watched
    address: str
    mac: str
    vendor: str
    port: str
    port_at: datetime | None
    owner: str
    ground: Text
    seers: frozenset[Seer]
    first_seen: datetime
    last_seen: datetime
    over_at: datetime | None = None
    state: State = State.DOWN

    @property
    def agents(self) -> frozenset[str]:
        return frozenset(agent for _, agent in self.seers)


def sentence(kept: Kept) -> Text:
    """Who, where, seen by how many, and on what ground, without a full stop."""
    parts = [part for part in (_device(kept), _place(kept), _seen(kept)) if part is not None]
    zh = "，".join(part.zh for part in parts)
    en = ", ".join(part.en for part in parts)
    return Text(f"{zh}。依据：{kept.ground.zh}", f"{en}. Ground: {kept.ground.en}")


def _device(kept: Kept) -> Text | None:
    if not kept.address and not kept.mac:
        return None
    made = Text(f"（{kept.vendor}）", f" ({kept.vendor})") if kept.vendor else Text("", "")
    zh = [f"地址 {kept.address}"] * bool(kept.address)
    en = [f"address {kept.address}"] * bool(kept.address)
    zh += [f"MAC {kept.mac}{made.zh}"] * bool(kept.mac)
    en += [f"MAC {kept.mac}{made.en}"] * bool(kept.mac)
    if kept.owner:
        zh.append(f"即 {kept.owner}")
        en.append(f"which is {kept.owner}")
    return Text("，".join(zh), ", ".join(en))


def _place(kept: Kept) -> Text | None:
    if not kept.mac:
        return None
    if not kept.port:
        return Text("交换机端口未知", "switch port not known")
    return Text(f"交换机端口 {kept.port}", f"switch port {kept.port}")


def _seen(kept: Kept) -> Text:
    number = len(kept.agents)
    return Text(f"{number} 个代理看见", f"seen by {number} agent{'s' * (number != 1)}")
