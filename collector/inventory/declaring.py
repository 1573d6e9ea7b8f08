"""From what people say of devices to what is booked: which device each line of a list means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from collector.inventory.book import Wish
from collector.inventory.model import Device, Standing
from collector.inventory.sheet import Row
from collector.register.sheet.remarks import WHOLE_LINE, Remark, SheetError
from probes.text import Text

_EMPTY: Mapping[str, Any] = {"standing": Standing.KNOWN.value, "purchase_year": None}


@dataclass(frozen=True, slots=True)
class Step:
    """What a line does: a device that is new to the register, one of which something is now said
    otherwise, or nothing. `changes`: what is said, before and after."""

    row: Row
    device: Device | None
    wish: Wish
    changes: Mapping[str, tuple[Any, Any]]

    @property
    def kind(self) -> Literal["new", "changed", "unchanged"]:
        if self.device is None:
            return "new"
        return "changed" if self.changes else "unchanged"


def plan(
    rows: Sequence[Row],
    devices: Iterable[Device],
    schools: Collection[str],
    meant: Device | None = None,
) -> list[Step]:
    """Raises SheetError with every line that fits no school, or more than one device.

    `meant`: the device that every row is about, where that is known already.
    """
    known = _Known(devices)
    mistakes: list[Remark] = []
    steps = []
    for row in rows:
        fault = None if row.school in schools else _no_school(row)
        found = [meant] if meant else known.find(row)
        fault = fault or _contradiction(row, found)
        if fault is not None:
            mistakes.append(fault)
            continue
        steps.append(_step(row, found))
    if mistakes:
        raise SheetError(mistakes)
    return steps


class _Known:
    """Devices by card, and by school and asset number."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._by_mac: dict[str, list[Device]] = defaultdict(list)
        self._by_asset: dict[tuple[str, str], Device] = {}
        for device in devices:
            for mac in device.macs:
                self._by_mac[mac].append(device)
            if device.said and device.said.asset:
                self._by_asset[device.school, device.said.asset] = device

    def find(self, row: Row) -> list[Device]:
        """Those with one of the cards, else that with the asset number; each once."""
        by_card = {d.id: d for mac in row.macs for d in self._by_mac.get(mac, ())}
        by_asset = self._by_asset.get((row.school, row.asset)) if row.asset else None
        if by_asset is not None and (not by_card or not by_asset.macs):
            by_card.setdefault(by_asset.id, by_asset)
        return list(by_card.values())


def _no_school(row: Row) -> Remark:
    text = Text("登记库中没有这所学校", "the register has no such school")
    return Remark(row.line, WHOLE_LINE, row.school, text)


def _contradiction(row: Row, found: Sequence[Device]) -> Remark | None:
    """Cards of two machines with agents, or of a machine that is another school's."""
    agents = [device for device in found if device.agent]
    elsewhere = [d for d in found if d.school != row.school and (d.agent or d.said)]
    if len(agents) > 1:
        ids = ", ".join(str(device.id) for device in agents)
        text = Text(
            f"这些 MAC 属于装有不同代理程序的设备 {ids}",
            f"these MACs are those of the devices {ids}, which have agents of their own",
        )
        return Remark(row.line, WHOLE_LINE, " ".join(row.macs), text)
    if elsewhere:
        other = elsewhere[0]
        text = Text(
            f"这台设备（编号 {other.id}）属于学校 {other.school}",
            f"this device ({other.id}) belongs to the school {other.school}",
        )
        return Remark(row.line, WHOLE_LINE, " ".join(row.macs) or row.asset, text)
    return None


def _step(row: Row, found: Sequence[Device]) -> Step:
    ordered = sorted(found, key=lambda d: (not d.agent, d.last_seen is None, d.id))
    device = ordered[0] if ordered else None
    said = {
        key: value if value is not None else _EMPTY.get(key, "") for key, value in row.said.items()
    }
    said.setdefault("standing", _standing(device))
    before = said_of(device) if device else {}
    changes = {
        key: (before.get(key), value) for key, value in said.items() if before.get(key) != value
    }
    cards = tuple(mac for mac in row.macs if device is None or mac not in device.macs)
    if cards and device is not None:
        changes["macs"] = (" ".join(device.macs), " ".join((*device.macs, *cards)))
    if device is not None and device.said is None and device.port:
        said["port"] = device.port
    wish = Wish(
        id=device.id if device else None,
        school=row.school,
        macs=row.macs,
        said=said,
        same=tuple(d.id for d in ordered[1:]),
    )
    return Step(row, device, wish, changes)


def _standing(device: Device | None) -> str:
    """A device that is listed is known, unless somebody said otherwise before."""
    if device is None or device.standing is Standing.NEW:
        return Standing.KNOWN.value
    return device.standing.value


def said_of(device: Device) -> dict[str, Any]:
    """What people said of it, by the keys of a Wish."""
    said = device.said
    return {
        "standing": device.standing.value,
        "kind": said.kind.value if said and said.kind else "",
        "use": said.use.value if said else "",
        "room": said.room if said else "",
        "name": said.name if said else "",
        "asset": said.asset if said else "",
        "purchase_year": said.purchase_year if said else None,
        "note": said.note if said else "",
    }
