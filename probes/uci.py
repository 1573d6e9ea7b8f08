"""Reads the settings files of OpenWrt below /etc/config, as `uci` writes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Section:
    """`config KIND NAME` with its options; of a list, all values."""

    kind: str
    name: str = ""
    options: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def on(self, option: str, *, default: bool) -> bool | None:
        """A yes or no as OpenWrt's scripts read it; None for another word."""
        word = self.options.get(option)
        if word is None:
            return default
        return _WORDS.get(word.lower())


_WORDS = {
    **dict.fromkeys(("1", "on", "true", "yes", "enabled"), True),
    **dict.fromkeys(("0", "off", "false", "no", "disabled", ""), False),
}


def sections(text: str) -> list[Section]:
    """Every section in order. Raises ValueError for a line that is none of config, option, list."""
    return list(_sections(text))


def read(path: Path) -> list[Section] | None:
    """None without such a file. Raises OSError and ValueError."""
    try:
        return sections(path.read_text("utf-8", errors="replace"))
    except FileNotFoundError:
        return None


def _sections(text: str) -> Iterator[Section]:
    current: Section | None = None
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] == "package":
            continue
        if words[0] == "config" and len(words) in (2, 3):
            if current is not None:
                yield current
            current = Section(words[1], words[2] if len(words) == 3 else "")
        elif words[0] in ("option", "list") and len(words) == 3 and current is not None:
            _set(current, *words)
        else:
            raise ValueError(line)
    if current is not None:
        yield current


def _set(section: Section, kind: str, name: str, value: str) -> None:
    if kind == "option":
        section.options[name] = value
    else:
        section.lists.setdefault(name, []).append(value)
