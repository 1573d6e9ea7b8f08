"""A source of logs: one piece of gear, known by the addresses that its lines come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from probes.text import BanjunError, Text

UNREGISTERED = "_unregistered"
"""Where lines of senders go that nobody registered."""
RECEIVER = "_receiver"
"""Where the receiver's own words go: that it started, stopped, or could not write."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FOLDER = re.compile(r"_?[a-z0-9][a-z0-9-]{0,62}")


class LogSourceError(BanjunError):
    """A source cannot be registered like that, or there is none of that name."""


MOST_SILENT_DAYS = 60
"""As long as a summer holiday; whoever is silent for longer has no half-year of lines to show."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """Attributes:
    school: its code; empty for gear of the county itself.
    silent_days: so many days in a row without a line are a gap; None = as policy says.
    """

    name: str
    school: str
    addresses: tuple[str, ...]
    note: str
    silent_days: int | None
    added_at: datetime


def is_folder_name(text: str) -> bool:
    """Whether it may be a source's folder, the two of our own included."""
    return _FOLDER.fullmatch(text) is not None


def checked_name(text: str) -> str:
    """Raises LogSourceError. A name is also the name of a folder."""
    if not _NAME.fullmatch(text):
        raise LogSourceError(
            Text(
                f"来源名“{text}”应由小写字母、数字和连字符组成，至多 63 个，例如 xiwang-gateway。",
                f"The name {text!r} of a source should be small letters, digits and hyphens, 63 at "
                "most, such as xiwang-gateway.",
            )
        )
    return text


def checked_address(text: str) -> str:
    """As the receiver writes it. Raises LogSourceError."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise LogSourceError(
            Text(
                f"“{text}”不是 IP 地址；请写设备发日志时用的地址，例如 192.0.2.1。",
                f"{text!r} is no IP address; give the one that the gear sends from, such as "
                "192.0.2.1.",
            )
        ) from None


def no_such_source(name: str) -> LogSourceError:
    return LogSourceError(
        Text(
            f"没有登记名为“{name}”的日志来源；logs sources list 列出全部。",
            f"No source of logs is called {name!r}; `logs sources list` shows them.",
        )
    )


def address_taken(address: str, source: str) -> LogSourceError:
    return LogSourceError(
        Text(
            f"地址 {address} 已属于来源“{source}”；请先用 logs sources remove 去掉它，"
            "或改用别的地址。",
            f"The address {address} belongs to the source {source!r}; remove that one first with "
            "`logs sources remove`, or give another.",
        )
    )
