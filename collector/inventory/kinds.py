"""What kind of device it is, and on what ground: the first that says anything, in a fixed order.

A guess claims no more than its ground: a maker of cameras and recorders makes "a camera or a
recorder: by its maker". Nothing here asks the device or the store.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.inventory.facts import Facts, Key
from collector.inventory.model import DeviceKind
from config.inventory_file import Hint, InventoryPolicy
from probes.model import Role
from probes.text import Text

GROUND_LIVES = timedelta(days=30)
"""What was seen of a device that long before its newest reading speaks for its kind no more."""


@dataclass(frozen=True, slots=True)
class Guess:
    """`firm`: by what the device itself said of its kind, not by a name or a maker. `ground` is
    what is kept of a phone."""

    kind: DeviceKind
    why: Text
    firm: bool = False
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a guess may rest on.

    Attributes:
        role: of the agent on it; None = no agent.
        configured: what the school's network file calls it; None = it is not in there.
        names: what it calls itself, and others call it.
    """

    role: Role | None
    configured: DeviceKind | None
    facts: Facts
    names: Collection[str]
    maker: str


UNKNOWN = Guess(
    DeviceKind.UNKNOWN,
    Text(
        "没有依据：没有代理程序，不应答 SNMP 和 PJLink，名称和厂商也看不出。",
        "No ground: no agent, no answer by SNMP or PJLink, and neither name nor maker tells.",
    ),
)
MAY_BE: Mapping[DeviceKind, frozenset[DeviceKind]] = {
    DeviceKind.PC: frozenset(
        {
            DeviceKind.SMART_BOARD,
            DeviceKind.SERVER,
            DeviceKind.TABLET,
            DeviceKind.CODEC,
            DeviceKind.RECORDER,
        }
    ),
    DeviceKind.SERVER: frozenset({DeviceKind.PC, DeviceKind.GATEWAY, DeviceKind.RECORDER}),
    DeviceKind.SWITCH: frozenset({DeviceKind.ACCESS_POINT, DeviceKind.GATEWAY}),
    DeviceKind.GATEWAY: frozenset({DeviceKind.SWITCH, DeviceKind.SERVER, DeviceKind.ACCESS_POINT}),
    DeviceKind.CAMERA: frozenset({DeviceKind.RECORDER, DeviceKind.CODEC}),
    DeviceKind.PROJECTOR: frozenset({DeviceKind.SMART_BOARD}),
}
"""A guess -> what a device of which it is true may be all the same: the computer in a smart board
has an agent as any computer has."""
_ROLES = {
    Role.GATEWAY: (DeviceKind.GATEWAY, Text("网关", "gateway")),
    Role.PC: (DeviceKind.PC, Text("教室电脑", "classroom PC")),
    Role.SENTINEL: (DeviceKind.SERVER, Text("哨兵", "sentinel")),
}
_CAPABILITIES = (
    (("telephone",), DeviceKind.PHONE, Text("电话", "a telephone")),
    (("wlan",), DeviceKind.ACCESS_POINT, Text("无线接入点", "an access point")),
    (("bridge",), DeviceKind.SWITCH, Text("交换机（网桥）", "a bridge")),
    (("router",), DeviceKind.GATEWAY, Text("路由器", "a router")),
)
"""Beginnings of the words of IEEE 802.1AB for what a neighbour can do; a switch that routes is
still a switch."""
_ANSWERED: Mapping[str, tuple[DeviceKind, Text]] = {
    "printer": (
        DeviceKind.PRINTER,
        Text("它应答打印机的 SNMP 表。", "It answers the printer tables of SNMP."),
    ),
    "ups": (DeviceKind.UPS, Text("它应答 UPS 的 SNMP 表。", "It answers the UPS tables of SNMP.")),
    "wireless": (
        DeviceKind.ACCESS_POINT,
        Text("它应答无线的 SNMP 表。", "It answers the wireless tables of SNMP."),
    ),
}


def guess(known: Known, policy: InventoryPolicy) -> Guess:
    """What it is without what people declared; `UNKNOWN` where nothing speaks."""
    for ground in _GROUNDS:
        if found := ground(known, policy):
            return found
    return UNKNOWN


def _by_agent(known: Known, _: InventoryPolicy) -> Guess | None:
    if known.role is None:
        return None
    kind, word = _ROLES[known.role]
    why = Text(f"有代理程序，角色为{word.zh}。", f"It has an agent, whose role is {word.en}.")
    return Guess(kind, why, firm=True)


def _by_network_file(known: Known, _: InventoryPolicy) -> Guess | None:
    if known.configured is None or known.configured is DeviceKind.UNKNOWN:
        return None
    why = Text("本校的网络文件这样登记。", "The school's network file says so.")
    return Guess(known.configured, why, firm=True)


def _by_tables(known: Known, _: InventoryPolicy) -> Guess | None:
    for key, (kind, why) in _ANSWERED.items():
        if known.facts.newest(key):
            return Guess(kind, why, firm=True)
    return None


def _by_object(known: Known, policy: InventoryPolicy) -> Guess | None:
    said = known.facts.newest(Key.OBJECT_ID)
    for hint in policy.objects if said else ():
        begins = hint.marks[0].rstrip(".")
        if said and f"{said.value}.".startswith(f"{begins}."):
            why = Text(
                f"SNMP 系统编号 {said.value}：{hint.title.zh}。",
                f"Its system number by SNMP, {said.value}: {hint.title.en}.",
            )
            return Guess(DeviceKind(hint.kind), why, firm=True)
    return None


def _by_capabilities(known: Known, _: InventoryPolicy) -> Guess | None:
    said = known.facts.newest(Key.CAPABILITIES)
    words = said.value.lower().replace(",", " ").split() if said else []
    for begins, kind, title in _CAPABILITIES:
        if any(word.startswith(begins) for word in words):
            why = Text(
                f"它向相邻交换机（LLDP）自称{title.zh}。",
                f"It calls itself {title.en} to the switch beside it (LLDP).",
            )
            return Guess(kind, why, firm=True, ground=Key.CAPABILITIES)
    return None


def _by_bridge_table(known: Known, _: InventoryPolicy) -> Guess | None:
    if not known.facts.newest(Key.BRIDGE):
        return None
    why = Text(
        "它有网桥转发表（SNMP）：交换机，或带交换口的设备。",
        "It has a bridge's forwarding table (SNMP): a switch, or a device with switched ports.",
    )
    return Guess(DeviceKind.SWITCH, why, firm=True)


def _by_pjlink(known: Known, _: InventoryPolicy) -> Guess | None:
    if not known.facts.newest(Key.PJLINK):
        return None
    why = Text("它应答 PJLink。", "It answers PJLink.")
    return Guess(DeviceKind.PROJECTOR, why, firm=True)


def _by_gateway_address(known: Known, _: InventoryPolicy) -> Guess | None:
    said = known.facts.newest(Key.GATEWAY)
    if not said:
        return None
    why = Text(
        f"本校电脑的默认网关 {said.value} 由它应答。",
        f"It answers for {said.value}, the default gateway of machines here.",
    )
    return Guess(DeviceKind.GATEWAY, why, firm=True)


def _by_name(known: Known, policy: InventoryPolicy) -> Guess | None:
    for hint in policy.names:
        for name in known.names:
            like = next((m for m in hint.marks if fnmatch.fnmatchcase(name.lower(), m)), None)
            if like:
                return _named(hint, name, like)
    return None


def _named(hint: Hint, name: str, like: str) -> Guess:
    if hint.kind == DeviceKind.PHONE:  # its name is kept nowhere
        why = Text("按名称推测。", "Guessed by its name.")
    else:
        why = Text(
            f"按名称推测：“{name}”形如 {like}。", f"Guessed by its name: {name!r} is like {like}."
        )
    return Guess(DeviceKind(hint.kind), why, ground="name")


def _by_maker(known: Known, policy: InventoryPolicy) -> Guess | None:
    maker = known.maker.lower()
    for hint in policy.makers if maker else ():
        if any(mark in maker for mark in hint.marks):
            why = Text(
                f"按网卡厂商推测：{known.maker} 的{hint.title.zh}。",
                f"Guessed by the maker of its network card: {hint.title.en} of {known.maker}.",
            )
            return Guess(DeviceKind(hint.kind), why, ground="maker")
    return None


def _by_phone_kept(known: Known, _: InventoryPolicy) -> Guess | None:
    """What was once known to be a phone, and of which the ground alone was kept."""
    kept = known.facts.newest(Key.PHONE)
    if not kept:
        return None
    return Guess(DeviceKind.PHONE, Text("先前已认作手机。", "Known as a phone from before."),
                 ground=kept.value)  # fmt: skip


_GROUNDS: tuple[Callable[[Known, InventoryPolicy], Guess | None], ...] = (
    _by_network_file,
    _by_agent,
    _by_tables,
    _by_object,
    _by_capabilities,
    _by_bridge_table,
    _by_pjlink,
    _by_gateway_address,
    _by_phone_kept,
    _by_name,
    _by_maker,
)


def fresh(facts: Facts, newest: datetime | None) -> Facts:
    """Those of `facts` that still speak for a kind."""
    return facts if newest is None else facts.since(newest - GROUND_LIVES)
