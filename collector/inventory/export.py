"""The inventory as a CSV file: what was declared in the columns of an import, then what was
measured. Phones are not in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from collector.inventory.declaring import said_of
from collector.inventory.facts import Key
from collector.inventory.model import Device
from collector.inventory.sheet import COLUMNS
from collector.inventory.words import KINDS, STANDINGS, USES
from probes.text import Language

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def write_devices(devices: Iterable[Device], language: Language) -> str:
    """A header and a line a device; without devices, an empty form to fill in."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title(language) for column in COLUMNS])
    for device in devices:
        cells = _cells(device, language)
        writer.writerow([inert(cells[column.key]) for column in COLUMNS])
    return text.getvalue()


def inert(value: Any) -> str:
    """What a machine on the network calls itself must not run in somebody's spreadsheet."""
    plain = "".join(c if c.isprintable() else " " for c in str(value if value is not None else ""))
    return f"'{plain}" if plain.startswith(_RUN) else plain


def _cells(device: Device, language: Language) -> dict[str, Any]:
    said = said_of(device)
    declared = device.said.kind if device.said else None
    names = [fact.value for fact in device.facts if fact.key == Key.NAME]
    return {
        **said,
        "school": device.school,
        "macs": " ".join(device.macs),
        "kind": KINDS[declared](language) if declared else "",
        "use": USES[device.use](language),
        "standing": "" if said["standing"] == "new" else STANDINGS[device.standing](language),
        "guess": KINDS[device.guess](language),
        "why": device.why(language),
        "seen_name": names[0] if names else "",
        "vendor": device.vendor,
        "address": device.address,
        "port": device.port,
        "first_seen": _second(device.first_seen),
        "last_seen": _second(device.last_seen),
        "agent": device.agent,
        "id": device.id,
    }


def _second(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")
