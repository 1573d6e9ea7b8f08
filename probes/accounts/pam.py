"""Stacks of PAM (pam.d(5)): which modules are asked, in which order, and whether they bind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from probes import files
from probes.model import ProbeError

FOLDERS = (Path("etc/pam.d"), Path("usr/lib/pam.d"))
_DEEPEST = 8
_LINE = re.compile(r"(?P<kind>-?\w+)\s+(?P<control>\[[^\]]*\]|\S+)\s+(?P<module>\S+)(?P<rest>.*)")
_OPTION = re.compile(r"\[([^\]]*)\]|(\S+)")


@dataclass(frozen=True, slots=True)
class Line:
    """`module` without path and suffix: pam_unix. `options`: of `a=b` the value, else ""."""

    kind: str
    control: str
    module: str
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Included:
    """All of another file (kind ""), or its lines of one kind."""

    kind: str
    name: str


def parse(text: str) -> list[Line | Included]:
    """Raises ProbeError("unreadable") for a line of another form: PAM would not accept it."""
    joined = re.sub(r"\\\r?\n", " ", text)
    return [_parsed(line) for raw in joined.splitlines() if (line := raw.partition("#")[0].strip())]


def _parsed(line: str) -> Line | Included:
    if line.startswith("@include"):
        words = line.split()
        if len(words) == 2:
            return Included("", words[1])
    elif found := _LINE.fullmatch(line):
        kind, control = found["kind"].lstrip("-").lower(), found["control"].lower()
        if control in ("include", "substack"):
            return Included(kind, found["module"])
        words = [one or other for one, other in _OPTION.findall(found["rest"])]
        options = {key: value for key, _, value in (word.partition("=") for word in words)}
        return Line(kind, control, _module(found["module"]), options)
    raise ProbeError("unreadable", "pam.d")


def _module(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".so")


def stack(root: Path, service: str, kind: str) -> list[Line]:
    """The lines of one kind that a service goes through, with what it includes.

    Raises ProbeError("unreadable"), FileNotFoundError without the service or what it includes.
    """
    return list(_lines(root, service, kind, 0))


def has(root: Path, service: str) -> bool:
    return any((root / folder / service).is_file() for folder in FOLDERS)


def _lines(root: Path, service: str, kind: str, depth: int) -> Iterator[Line]:
    if depth > _DEEPEST:
        raise ProbeError("unreadable", service)
    for line in parse(_text(root, service.rpartition("/")[2])):
        if isinstance(line, Included):
            if line.kind in ("", kind):
                yield from _lines(root, line.name, kind, depth + 1)
        elif line.kind == kind:
            yield line


def _text(root: Path, service: str) -> str:
    for folder in FOLDERS:
        found = files.text_if_any(root / folder / service)
        if found is not None:
            return found
    raise FileNotFoundError(service)


def binds(line: Line) -> bool:
    """Whether a refusal of this module is a refusal of the stack, whatever comes after it."""
    if line.control.startswith("["):
        return _actions(line).get("default") in ("bad", "die")
    return line.control in ("required", "requisite")


def ends_on_failure(line: Line) -> bool:
    """Whether no later module is asked once this one has refused."""
    if line.control.startswith("["):
        return "die" in _actions(line).values()
    return line.control == "requisite"


def can_be_missed(lines: Sequence[Line], index: int) -> bool:
    """Whether an earlier line may end the stack, or jump over this one, with success."""
    return any(_may_pass(line, index - i) for i, line in enumerate(lines[:index]))


def _may_pass(line: Line, distance: int) -> bool:
    if line.module == "pam_succeed_if" and "nopasswdlogin" in line.options:
        return False  # of display managers: only those who need no password at all
    if line.control == "sufficient":
        return True
    if not line.control.startswith("["):
        return False
    actions = _actions(line).values()
    return any(a == "done" or (a.isdecimal() and int(a) >= distance) for a in actions)


def _actions(line: Line) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in line.control.strip("[]").split())
    return {name: action for name, _, action in pairs}
