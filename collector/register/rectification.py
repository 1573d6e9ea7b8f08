"""What has to be put right, as the register keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from probes.text import BanjunError, Text


class RectificationError(BanjunError):
    """There is no such item, or it may not be changed like that."""


class ItemState(StrEnum):
    """`lapsed`: the part is not asked of the school any more; nothing was put right."""

    OPEN = "open"
    CLOSED = "closed"
    LAPSED = "lapsed"


ITEM_TITLES: dict[ItemState, Text] = {
    ItemState.OPEN: Text("待整改", "open"),
    ItemState.CLOSED: Text("复测通过", "closed by measuring again"),
    ItemState.LAPSED: Text("不再要求", "not asked any more"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A part of a duty that failed at a school.

    Attributes:
        opened_at: when it failed, this time.
        evidence_at: when the newest evidence of its failing was taken; None = no such instant.
        ended_at: when a later judgement found it passed, or not asked any more.
        times: how often it has opened.
        due: until when it is to be put right.
        owner: who does that; empty = the role that the duty names.
    """

    id: int
    school: str
    duty: str
    part: str
    state: ItemState
    opened_at: datetime
    evidence_at: datetime | None
    ended_at: datetime | None
    times: int
    due: date
    owner: str
    note: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.school, self.duty, self.part

    @property
    def is_open(self) -> bool:
        return self.state is ItemState.OPEN

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due < today


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """What one judgement makes of an item; `id` is None for one that opens for the first time."""

    id: int | None
    school: str
    duty: str
    part: str
    state: ItemState
    evidence_at: datetime | None
    due: date | None = None
    """Of one that opens; None leaves it as it is."""


def no_such_item(id: int) -> RectificationError:
    return RectificationError(
        Text(
            f"没有整改项 {id}；用 duties rectify list 查看编号。",
            f"There is no item {id}; `duties rectify list` shows their numbers.",
        )
    )


def not_open(item: Item) -> RectificationError:
    state = ITEM_TITLES[item.state]
    return RectificationError(
        Text(
            f"整改项 {item.id} 已结束（{state.zh}），不能再改；再次不符合时它会自动重新打开。",
            f"Item {item.id} is over ({state.en}) and cannot be changed. It opens again by itself "
            f"if the part fails again.",
        )
    )
