"""Reads policies/rectification.toml; a mistake is a PolicyError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config.policy import ORIGINS
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml

FILE = "rectification.toml"
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class RectificationPolicy:
    """`within`: how long there is to put something right, unless a person sets a day."""

    within: timedelta
    value_origin: str


def load_rectification(folder: PolicyFolder = POLICY_FOLDER) -> RectificationPolicy:
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        days = top.integer("days")
        if not 1 <= days <= MOST_DAYS:
            raise top.error(
                "days",
                f"{days} 应在 1 到 {MOST_DAYS} 之间",
                f"{days} is not within 1 to {MOST_DAYS}",
            )
        return RectificationPolicy(timedelta(days=days), top.choice("value_origin", ORIGINS))
