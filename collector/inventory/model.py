"""What is known of a device on a school's network, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from probes.text import Text


class DeviceKind(StrEnum):
    GATEWAY = "gateway"
    SWITCH = "switch"
    ACCESS_POINT = "access_point"
    PC = "pc"
    TABLET = "tablet"
    SERVER = "server"
    SMART_BOARD = "smart_board"
    PROJECTOR = "projector"
    PRINTER = "printer"
    CAMERA = "camera"
    RECORDER = "recorder"
    CODEC = "codec"
    PHONE = "phone"
    UPS = "ups"
    UNKNOWN = "unknown"


class Use(StrEnum):
    """Who a computer is for; it is declared, or follows from its room. Nobody can sense it."""

    STUDENT = "student"
    TEACHER = "teacher"
    ADMIN = "admin"
    UNKNOWN = ""


class Standing(StrEnum):
    """`new`: seen, and nobody has said yet that it belongs here, neither by declaring it, nor by
    enrolling an agent on it, nor in the school's network file. `scrapped` counts nowhere."""

    NEW = "new"
    KNOWN = "known"
    IGNORED = "ignored"
    SCRAPPED = "scrapped"


@dataclass(frozen=True, slots=True)
class SeenFact:
    """One thing that was seen of a device: what, by which probe, and when that looked.

    Attributes:
        key: see `collector.inventory.facts.Key`.
        source: the name of a probe.
    """

    key: str
    value: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a person said of a device, who, and when. Empty = they did not say.

    Attributes:
        kind: None where they did not say.
        room: the id of a room in the register.
        asset: the number on its label.
        port: where it was plugged in when that was said.
    """

    kind: DeviceKind | None = None
    use: Use = Use.UNKNOWN
    room: str = ""
    name: str = ""
    asset: str = ""
    purchase_year: int | None = None
    note: str = ""
    port: str = ""
    by: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device, however many addresses and network cards it has.

    Attributes:
        macs: lower case, with colons; the one seen last comes first. One that several agents claim,
            such as that of a dock, is nobody's and not among them.
        agent: the id of the agent on it; empty = none.
        kind: declared by a person, else guessed.
        why: the reason for the guess, or who declared it.
        vendor: by the address block of its newest MAC; empty = not known.
        address: the newest.
        room: the id of a room in the register; empty = not known.
        port: switch and port where it was learned last, such as "core GE0/0/3"; empty = not known.
        last_seen: the instant of the newest reading of it; None for one that is only declared.
        guess: the kind that what was seen speaks for, whatever was declared.
        firm: the guess rests on what the device says of itself, not on a name or a maker.
        facts: what was seen, the newest of each source.
        said: what a person declared; None while nobody has.
        listed_room: what the school's network file says of its room; empty = nothing.
    """

    id: int
    school: str
    macs: tuple[str, ...]
    agent: str = ""
    kind: DeviceKind = DeviceKind.UNKNOWN
    declared: bool = False
    why: Text
    use: Use = Use.UNKNOWN
    vendor: str = ""
    name: str = ""
    address: str = ""
    room: str = ""
    port: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    standing: Standing = Standing.NEW
    guess: DeviceKind = DeviceKind.UNKNOWN
    firm: bool = False
    facts: tuple[SeenFact, ...] = ()
    said: Declared | None = None
    listed_room: str = ""

    @property
    def called(self) -> str:
        """What people find it by; empty for one that only an agent's id names."""
        asset = self.said.asset if self.said else ""
        return self.name or asset or self.address or (self.macs[0] if self.macs else "")
