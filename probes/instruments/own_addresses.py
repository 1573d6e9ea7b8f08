"""MAC and IP addresses of this machine's own interfaces: by them others can tell what is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import ClassVar

from probes.cards import Card, Medium, cards
from probes.metrics import SEEN
from probes.model import NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.posture import NONE
from probes.text import Text

MOST_ADDRESSES = 8
"""Of one interface: IPv6 with privacy extensions may have a dozen."""
MOST_READINGS = 64


class OwnAddresses(Probe[NoSettings]):
    name = "own_addresses"
    title = Text("本机地址", "Own addresses")
    about = Text(
        "列出本机的网卡（不在用的也列）和有地址的虚拟接口：接口、MAC、地址、类型，每个地址一条读数。"
        "清单由此知道几个 MAC 和地址是同一台设备。只读，什么也不发；回环接口不列。",
        "Lists this machine's network cards, also those not in use, and virtual interfaces that "
        "have an address: interface, MAC, address and medium, one reading for each address. By it "
        "the inventory knows that several MACs and addresses are one device. It reads and sends "
        "nothing; loopback is left out.",
    )
    limits = Text(
        "虚拟接口的 MAC（virtual）不能用来辨认设备：同一种虚拟机软件在许多电脑上给出同一个 MAC。"
        f"每个接口最多 {MOST_ADDRESSES} 个地址。Windows 部分只用模拟的注册表测试过。",
        "The MAC of a virtual interface identifies no device: one product for virtual machines has "
        f"the same on many PCs. {MOST_ADDRESSES} addresses of an interface at most. The Windows "
        "part was tested with a feigned registry only.",
    )
    measures = (SEEN,)
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text("操作系统中的接口名。", "The interface as the system names it."),
        "mac": Text(
            f"小写、以冒号分隔；接口没有 MAC 时为 {NONE}。",
            f"In lower case with colons; {NONE} for an interface without one.",
        ),
        "address": Text(
            f"IPv4 或 IPv6 地址；没有地址时为 {NONE}。",
            f"An IPv4 or IPv6 address; {NONE} without any.",
        ),
        "medium": Text(
            "wired（有线网卡）、wireless（无线网卡）、virtual（不是硬件）。",
            "wired or wireless for hardware, virtual for what is none.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_card": Text("本机没有网卡。", "This machine has no network card."),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL, Role.PC})

    async def measure(self, target: Target) -> list[Reading]:
        try:
            found = await asyncio.to_thread(cards)
        except (OSError, ValueError) as exc:
            raise ProbeError("unreadable", str(exc)) from exc
        found.sort(key=lambda card: card.medium is Medium.VIRTUAL)  # they are left out first
        readings = [reading for card in found for reading in _readings(card)]
        if not readings:
            raise self.not_run("no_card")
        return readings[:MOST_READINGS]


def _readings(card: Card) -> Iterator[Reading]:
    from probes.dual_homing.addresses import reaches_out

    if card.medium is Medium.VIRTUAL and not (card.up and reaches_out(card.addresses)):
        return
    if not card.mac and not card.addresses:
        return
    for address in card.addresses[:MOST_ADDRESSES] or (NONE,):
        yield Reading.ok(
            {SEEN: 1.0},
            {
                "interface": card.name,
                "mac": card.mac or NONE,
                "address": address,
                "medium": card.medium.value,
            },
        )
