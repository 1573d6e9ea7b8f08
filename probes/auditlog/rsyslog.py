"""Whether rsyslog sends the logs of logins on to another machine, from its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from probes import files

MAIN = Path("etc/rsyslog.conf")

_INCLUDE = re.compile(
    r"^\s*(?:\$IncludeConfig\s+(\S+)|include\s*\(\s*file\s*=\s*\"([^\"]+)\")", re.MULTILINE
)
_OBJECT = re.compile(r"\baction\s*\(([^)]*)\)", re.IGNORECASE)
_TYPE = re.compile(r"\btype\s*=\s*\"(omfwd|omrelp)\"", re.IGNORECASE)
_TARGET = re.compile(r"\btarget\s*=\s*\"([^\"]+)\"", re.IGNORECASE)
_LEGACY = re.compile(r"@{1,2}(?:\([^)]*\))?(\[[^\]\s]+\]|[^\s:;@]+)(?::\d+)?(?:;\S+)?")
_SELECTOR = re.compile(r"[\w*,]+\.[!=]{0,2}[\w*]+(?:;[\w*,]+\.[!=]{0,2}[\w*]+)*")
_ALL = {"*", "debug", "info", "notice"}
"""Priorities at which a login is still logged."""
_OURSELVES = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[?::1\]?", re.IGNORECASE)
_MOST_FILES = 200


def texts(root: Path) -> list[str]:
    """The main file and what it includes; none without it. Raises PermissionError."""
    main = files.text_if_any(root / MAIN)
    if main is None:
        return []
    patterns = [one or other for one, other in _INCLUDE.findall(main)]
    paths = [path for pattern in patterns for path in _matching(root, pattern)]
    return [main, *files.present(*paths[:_MOST_FILES])]


def _matching(root: Path, pattern: str) -> list[Path]:
    relative = pattern.lstrip("/")
    if not relative or ".." in Path(relative).parts:
        return []
    return sorted(path for path in root.glob(relative) if path.is_file())


def forwards(configuration: Iterable[str]) -> bool | None:
    """Whether what is logged of logins goes to another machine, whatever it says.

    None where it goes under a condition only that this cannot follow, or may be dropped before.
    """
    texts = list(configuration)
    answers = [answer for text in texts for answer in _answers(text)]
    if True in answers and not any(map(_drops, texts)):
        return True
    return None if True in answers or None in answers else False


def _answers(text: str) -> Iterator[bool | None]:
    """One for each action that sends to another machine."""
    depth = 0
    for statement in _statements(text):
        if _sends(statement):
            yield _covers(statement) if depth == 0 else None
        depth = max(0, depth + statement.count("{") - statement.count("}"))


def _statements(text: str) -> list[str]:
    """Lines without comments; an object that is written over several lines is one."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return _OBJECT.sub(lambda found: found[0].replace("\n", " "), whole).splitlines()


def _drops(text: str) -> bool:
    """Whether messages of logins end at some line, by their facility; before which it stands among
    several files this does not follow."""
    drops = False
    for statement in _statements(text):
        *before, last = statement.split() or [""]
        selector = " ".join(before[:1])
        ends = last in ("stop", "~")
        if _SELECTOR.fullmatch(selector):
            drops = any(_selects(selector, facility) for facility in ("authpriv", "auth"))
        elif selector != "&":
            drops = False
        if drops and ends:
            return True
    return False


def _sends(statement: str) -> bool:
    return any(not _OURSELVES.fullmatch(target) for target in _targets(statement))


def _targets(statement: str) -> Iterator[str]:
    for inside in _OBJECT.findall(statement):
        if _TYPE.search(inside) and (found := _TARGET.search(inside)):
            yield found[1]
    last = statement.split()[-1:]
    if last and (legacy := _LEGACY.fullmatch(last[0])):
        yield legacy[1]


def _covers(statement: str) -> bool | None:
    """Whether the messages of logins are among those that it sends."""
    before = re.split(r"\baction\s*\(|\s@", statement.strip(), maxsplit=1)[0].strip()
    if not before:
        return True
    if before == "&":
        return None
    if _SELECTOR.fullmatch(before):
        return any(_selects(before, facility) for facility in ("authpriv", "auth"))
    return None


def _selects(selector: str, facility: str) -> bool:
    chosen = False
    for part in selector.lower().split(";"):
        names, _, priority = part.partition(".")
        if facility in names.split(",") or "*" in names.split(","):
            chosen = priority in _ALL
    return chosen
