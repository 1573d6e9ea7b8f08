"""A room as one line of text and back: the fact that is compared, hashed and audited."""

from __future__ import annotations

from datetime import date

from collector.register.room import Room, RoomKind

ROOM = "room."
"""What the keys of these facts begin with; the id of the room follows."""
APART = "|"
"""Stands in no id and no name."""
_WORDS = {True: "yes", False: "no", None: ""}
_MEANING = {word: value for value, word in _WORDS.items()}


def room_text(room: Room) -> str:
    """Its kind, name, seats, main teaching place, set, Wi-Fi and the day of the survey."""
    parts = (
        room.kind.value,
        room.name,
        "" if room.seats is None else str(room.seats),
        _WORDS[room.main_teaching_place],
        _WORDS[room.set_installed],
        _WORDS[room.wifi],
        room.surveyed_on.isoformat() if room.surveyed_on else "",
    )
    return APART.join(parts)


def room_from(id: str, text: str) -> Room:
    kind, name, seats, main, installed, wifi, surveyed = text.split(APART)
    return Room(
        id=id,
        kind=RoomKind(kind),
        name=name,
        seats=int(seats) if seats else None,
        main_teaching_place=bool(_MEANING[main]),
        set_installed=_MEANING[installed],
        wifi=_MEANING[wifi],
        surveyed_on=date.fromisoformat(surveyed) if surveyed else None,
    )
