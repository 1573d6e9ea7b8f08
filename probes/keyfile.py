"""Files of `[section]` and `key = value`: of systemd, display managers and desktops."""

from __future__ import annotations

from collections.abc import Iterable

Keyfile = dict[str, dict[str, str]]


def sections(*texts: str) -> Keyfile:
    """Section -> key -> value; a later line, and a later text, overrides an earlier one.

    Keys before any section belong to "". A line that is neither is left out, as its readers do.
    """
    found: Keyfile = {}
    for text in texts:
        _add(found, text.splitlines())
    return found


def _add(found: Keyfile, lines: Iterable[str]) -> None:
    section = ""
    for raw in lines:
        line = raw.strip()
        if line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            continue
        key, equals, value = line.partition("=")
        if equals:
            found.setdefault(section, {})[key.strip()] = value.strip()


def flag(value: str | None) -> bool | None:
    """A yes or no; None for no word and for another one."""
    return _WORDS.get((value or "").strip().lower())


_WORDS = {
    **dict.fromkeys(("1", "on", "true", "yes"), True),
    **dict.fromkeys(("0", "off", "false", "no"), False),
}
