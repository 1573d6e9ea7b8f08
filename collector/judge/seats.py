"""Seats of computer rooms, by whether the computer there was on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.judge.model import Verdict
from collector.judge.parts import Nothing, Parts, listed
from collector.judge.premises import Placed
from collector.judge.presence.gather import BEATS
from collector.judge.presence.model import Span
from collector.register.model import School
from collector.register.room import Room, RoomKind
from probes.model import Role
from probes.text import Text

NO_COMPUTER_ROOM = Nothing(
    Verdict.UNDETERMINED,
    Text("没有登记带机位数的计算机教室。", "No computer room with its seats is registered."),
)


@dataclass(frozen=True, slots=True)
class Seats:
    """Of one room.

    Attributes:
        on: whose computer was on.
        silent: whose computer has an agent that was not heard.
        off: those of `silent` that can be said to have been off.
        without: that have no agent.
    """

    room: Room
    on: int
    silent: int
    without: int
    off: int = 0


def computer_rooms(school: School) -> list[Room]:
    """Those whose seats are known."""
    return [room for room in school.rooms if room.kind is RoomKind.COMPUTER_ROOM and room.seats]


def seats_ready(room: Room, placed: Placed, on: Collection[str]) -> Seats:
    """A room with more computers than seats has all its seats when enough are on."""
    seats = room.seats or 0
    agents = [agent for agent in placed.agents_in(room) if agent.role is Role.PC]
    ready = min(seats, sum(agent.id in on for agent in agents))
    silent = min(seats - ready, sum(agent.id not in on for agent in agents))
    return Seats(room, ready, silent, seats - ready - silent)


def parts_of(rooms: Sequence[Seats], span: Span, newest: datetime | None) -> Parts:
    yes, no = sum(room.on for room in rooms), sum(room.off for room in rooms)
    unknown = sum(room.silent + room.without for room in rooms)
    return Parts(
        yes=yes,
        no=no,
        unknown=unknown,
        reason=_reason(rooms),
        layer="device",
        method=str(BEATS),
        since=span.since,
        until=span.until,
        newest=newest,
    )


def _reason(rooms: Sequence[Seats]) -> Text:
    each = [(seats.room.title, _words(seats)) for seats in rooms]
    return Text(
        "；".join(f"{title} {words.zh}" for title, words in each) + "。",
        "; ".join(f"{title}: {words.en}" for title, words in each) + ".",
    )


def _words(seats: Seats) -> Text:
    words = listed(
        [
            (Text("开过机", "were on"), seats.on),
            (Text("没有开机", "were off"), seats.off),
            (Text("未听到", "were not heard"), seats.silent),
            (Text("没有接入", "have no agent"), seats.without),
        ]
    )
    n = seats.room.seats
    return Text(f"{n} 座：{words.zh}", f"of {n} seats {words.en}")
