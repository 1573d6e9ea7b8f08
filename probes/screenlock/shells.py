"""After how long of rest shells of Linux end: TMOUT, in the files that all of them read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from probes import files
from probes.screenlock.lock import OFF, UNTOLD, Lock, after, weakest

_FILES = ("etc/profile", "etc/bash.bashrc", "etc/bashrc")
_SET = re.compile(r"(?:(?:readonly|export|declare|typeset)\s+(?:-\w+\s+)*)?TMOUT=[\"']?(\w*)")
_REST = re.compile(
    r"[\"']?\s*(?:;\s*(?:readonly|export|declare|typeset)(?:\s+-\w+)*\s+TMOUT\s*)*;?\s*(?:#.*)?"
)
"""Behind the value; a command there would be the only one that has it."""
_UNSET = re.compile(r"unset\s+(?:-\w\s+)?TMOUT\b")
_OPENS = re.compile(r"(?:if|case|for|while|until)\b|.*\{\s*$")
_CLOSES = re.compile(r"(?:fi|esac|done)\b|\}")


def lock(root: Path) -> Lock:
    """Raises PermissionError."""
    paths = [*(root / at for at in _FILES), *files.below(root / "etc/profile.d", "*.sh")]
    return of_texts(files.present(*paths))


def of_texts(texts: Iterable[str]) -> Lock:
    """OFF where nothing sets it; UNTOLD where it is set for some only, or to what is no number."""
    found = [lock for text in texts for lock in _assignments(text)]
    return weakest(found) if found else OFF


def _assignments(text: str) -> list[Lock]:
    depth, found = 0, []
    for raw in text.splitlines():
        line = raw.strip()
        if _CLOSES.match(line):
            depth = max(0, depth - 1)
        elif _UNSET.search(line):
            found.append(OFF)
        elif "TMOUT=" in line and not line.startswith("#"):
            found.append(_assigned(line) if depth == 0 else UNTOLD)
        if _OPENS.match(line):
            depth += 1
    return found


def _assigned(line: str) -> Lock:
    match = _SET.match(line)
    if match is None or not re.fullmatch(r"[0-9]{1,7}", match[1]):
        return UNTOLD
    if _REST.fullmatch(line, match.end()) is None:
        return UNTOLD
    return after(int(match[1]))
