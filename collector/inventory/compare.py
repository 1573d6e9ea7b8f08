"""The register of devices against what was measured: where the two differ, and since when.

Pure. What nobody looked at is not missing: it cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from collector.inventory.inventory import Stock
from collector.inventory.kinds import MAY_BE
from collector.inventory.model import Device, DeviceKind, Standing
from collector.inventory.words import KINDS
from collector.register.register import HOME
from probes.text import Text


class Gap(StrEnum):
    """How register and measurement differ, the most pressing first."""

    NEW = "new"
    UNLISTED = "unlisted"
    SCRAPPED = "scrapped"
    KIND = "kind"
    ROOM = "room"
    MOVED = "moved"
    NEVER = "never_seen"
    MISSING = "missing"
    UNTOLD = "cannot_tell"


GAPS: dict[Gap, Text] = {
    Gap.NEW: Text("新发现，没有人认", "new, and nobody's"),
    Gap.UNLISTED: Text("在用，没有登记", "in use, not declared"),
    Gap.SCRAPPED: Text("已报废，仍在用", "scrapped, and still there"),
    Gap.KIND: Text("类型不符", "another kind"),
    Gap.ROOM: Text("房间不符", "another room"),
    Gap.MOVED: Text("换了端口", "at another port"),
    Gap.NEVER: Text("登记了，从未见到", "declared, never seen"),
    Gap.MISSING: Text("登记了，久未见到", "declared, not seen for long"),
    Gap.UNTOLD: Text("登记了，无法核对", "declared, cannot be compared"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    device: Device
    gap: Gap
    text: Text


@dataclass(frozen=True, slots=True)
class _Scene:
    """`looked`: the newest moment at which the school's network was looked at; `since`: the first;
    `where`: the networks. `has_list`: something was declared there."""

    missing: timedelta
    now: datetime
    since: datetime | None
    looked: datetime | None
    where: Text
    has_list: bool


def differences(stock: Stock, missing: timedelta, now: datetime) -> list[Difference]:
    """In order of gaps, then of devices. Those that are to be ignored differ in nothing.

    `missing`: a declared device that was not seen for that long is missing.
    """
    scene = _scene(stock, missing, now)
    found = [
        Difference(device, gap, text)
        for device in stock.devices
        if device.standing is not Standing.IGNORED
        for gap, check in _CHECKS
        if (text := check(device, scene))
    ]
    order = list(Gap)
    return sorted(found, key=lambda d: (order.index(d.gap), d.device.id))


def _scene(stock: Stock, missing: timedelta, now: datetime) -> _Scene:
    looks = stock.looks
    swept = [look.network for look in looks if look.network]
    tables = len(swept) < len(looks)
    zh = "、".join([*swept, *(["交换机和路由器的表"] if tables else [])])
    en = ", ".join([*swept, *(["the tables of switches and routers"] if tables else [])])
    return _Scene(
        missing=missing,
        now=now,
        since=min((look.since for look in looks), default=None),
        looked=max((look.last for look in looks), default=None),
        where=Text(zh, en),
        has_list=any(device.said for device in stock.devices),
    )


def _day(at: datetime) -> date:
    """As pages name it: by the clock on the wall, not UTC."""
    return at.astimezone(HOME).date()


def _new(device: Device, _: _Scene) -> Text | None:
    if device.standing is not Standing.NEW or device.first_seen is None:
        return None
    day = f"{_day(device.first_seen)}"
    return Text(f"{day} 首次见到，还没有人登记。", f"First seen on {day}; nobody has declared it.")


def _unlisted(device: Device, scene: _Scene) -> Text | None:
    if device.standing is not Standing.KNOWN or device.said is not None or not scene.has_list:
        return None
    return Text(
        "有代理程序或在网络文件中，设备登记里没有它。",
        "It has an agent or is in the network file, and is not among the declared devices.",
    )


def _scrapped(device: Device, _: _Scene) -> Text | None:
    said, last = device.said, device.last_seen
    if device.standing is not Standing.SCRAPPED or said is None or last is None or last <= said.at:
        return None
    return Text(
        f"{_day(said.at)} 登记为报废，{_day(last)} 又见到。",
        f"Declared scrapped on {_day(said.at)}, and seen on {_day(last)}.",
    )


def _kind(device: Device, _: _Scene) -> Text | None:
    said = device.said.kind if device.said else None
    if said is None or not device.firm or device.guess in (said, DeviceKind.UNKNOWN):
        return None
    if said in MAY_BE.get(device.guess, ()):
        return None
    return Text(
        f"登记为{KINDS[said].zh}，实测像{KINDS[device.guess].zh}。",
        f"Declared as {KINDS[said].en}; measured, it looks like {KINDS[device.guess].en}.",
    )


def _room(device: Device, _: _Scene) -> Text | None:
    said = device.said.room if device.said else ""
    if not said or not device.listed_room or said == device.listed_room:
        return None
    return Text(
        f"登记在 {said}，本校的网络文件写的是 {device.listed_room}。",
        f"Declared in {said}; the school's network file says {device.listed_room}.",
    )


def _moved(device: Device, _: _Scene) -> Text | None:
    said = device.said
    if said is None or not said.port or device.port in ("", said.port):
        return None
    return Text(
        f"登记时在 {said.port}，现在 {device.port}；房间可能变了。",
        f"At {said.port} when it was declared, now at {device.port}; its room may be another.",
    )


def _unseen(device: Device) -> bool:
    return _counts_on(device) and device.last_seen is None


def _counts_on(device: Device) -> bool:
    """Somebody declared that it is there."""
    return device.standing is Standing.KNOWN and device.said is not None


def _never(device: Device, scene: _Scene) -> Text | None:
    if not _unseen(device) or not device.macs or scene.since is None:
        return None
    return Text(
        f"自 {_day(scene.since)} 起在 {scene.where.zh} 查找，从未见到。",
        f"Never seen in {scene.where.en}, where was looked since {_day(scene.since)}.",
    )


def _missing(device: Device, scene: _Scene) -> Text | None:
    last = device.last_seen
    if not _counts_on(device) or last is None or scene.now - last <= scene.missing:
        return None
    if not _looked_since(device, scene):
        return None
    return Text(f"{_day(last)} 后没有再见到。", f"Not seen after {_day(last)}.")


def _untold(device: Device, scene: _Scene) -> Text | None:
    last = device.last_seen
    if _unseen(device) and not device.macs:
        return Text(
            "没有登记 MAC 地址，实测无从对照。",
            "No MAC address is declared, so nothing measured can be matched with it.",
        )
    if _unseen(device) and scene.since is None:
        return Text(
            "本校没有扫描过网络，见没见到无从得知。",
            "No network of the school was ever swept, so nobody can tell.",
        )
    if (
        _counts_on(device)
        and last is not None
        and scene.now - last > scene.missing
        and not _looked_since(device, scene)
    ):
        return Text(
            f"{_day(last)} 后没有再查看过，还在不在无从得知。",
            f"Nobody has looked since {_day(last)}, so nobody can tell whether it is there.",
        )
    return None


def _looked_since(device: Device, scene: _Scene) -> bool:
    """Whether it would have been seen, had it been there: an agent speaks by itself."""
    if device.agent:
        return True
    last = device.last_seen
    return last is not None and scene.looked is not None and scene.looked - last > scene.missing


_Check = Callable[[Device, _Scene], Text | None]
_CHECKS: Sequence[tuple[Gap, _Check]] = (
    (Gap.NEW, _new),
    (Gap.UNLISTED, _unlisted),
    (Gap.SCRAPPED, _scrapped),
    (Gap.KIND, _kind),
    (Gap.ROOM, _room),
    (Gap.MOVED, _moved),
    (Gap.NEVER, _never),
    (Gap.MISSING, _missing),
    (Gap.UNTOLD, _untold),
)


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many devices of a kind count, how many of them are new, and how many were seen lately.

    Those that are ignored or scrapped do not count.
    """

    kind: DeviceKind
    all: int
    new: int
    seen: int


def counts(devices: Sequence[Device], lately: datetime) -> Iterator[KindCount]:
    """In the order in which kinds are shown; kinds of which there are none are left out.

    `lately`: seen then or later.
    """
    counted = [d for d in devices if d.standing in (Standing.NEW, Standing.KNOWN)]
    for kind in KINDS:
        of_kind = [device for device in counted if device.kind is kind]
        if of_kind:
            new = sum(1 for device in of_kind if device.standing is Standing.NEW)
            seen = sum(1 for d in of_kind if d.last_seen is not None and d.last_seen >= lately)
            yield KindCount(kind, len(of_kind), new, seen)
