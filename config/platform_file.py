"""The education platforms that schools must be able to reach: policies/platforms.toml.

The list is a county's decision, and empty until it is made: nothing outside is contacted before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.policy_folder import PolicyFolder, name_of
from config.strict import Table, read_toml, refuse_twins
from probes.text import Text

FILE = "platforms.toml"
LEAST_EVERY, LONGEST_EVERY = 60, 3600
_ID = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform.

    Attributes:
        target: the name under which its readings are stored.
        every: seconds between two looks.
        source: who decided that schools need it, in words.
    """

    id: str
    title: Text
    host: str
    port: int
    every: float
    source: str

    @property
    def target(self) -> str:
        return f"platform.{self.id}"


def load_platforms(folder: PolicyFolder) -> tuple[Platform, ...]:
    """In the order of the file; none without a file. Raises PolicyError naming file and key."""
    path = folder / FILE
    if not path.exists():
        return ()
    with Table(read_toml(path), name_of(path)) as top:
        every = top.integer("every")
        if not LEAST_EVERY <= every <= LONGEST_EVERY:
            raise top.error(
                "every",
                f"{every} 超出 {LEAST_EVERY} 至 {LONGEST_EVERY} 秒",
                f"{every} is outside {LEAST_EVERY} to {LONGEST_EVERY} s",
            )
        found = tuple(_platform(row, every) for row in top.tables("platform", optional=True))
    refuse_twins(
        (platform.id for platform in found),
        lambda twin: Text(
            f"{FILE}：平台 {twin} 出现两次。", f"{FILE}: platform {twin} is there twice."
        ),
    )
    return found


def _platform(table: Table, every: int) -> Platform:
    with table:
        port = table.integer("port", 443)
        if not 1 <= port <= 65535:
            raise table.error("port", f"{port} 不是端口", f"{port} is no port")
        return Platform(
            id=_matching(table, "id", _ID),
            title=table.bilingual("title"),
            host=_matching(table, "host", _HOST),
            port=port,
            every=float(every),
            source=table.text("source"),
        )


def _matching(table: Table, key: str, pattern: re.Pattern[str]) -> str:
    value = table.text(key)
    if not pattern.fullmatch(value):
        raise table.error(
            key, f"“{value}”写法不对（{pattern.pattern}）", f"{value!r} is not {pattern.pattern}"
        )
    return value
