"""What the settings of OpenSSH's server let people do, from sshd_config(5).

Of a keyword the first value counts. A Match block changes it for some who come, and so makes the
answer unknown where it would be another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

Words = tuple[str, ...]
Include = Callable[[str], list[str]]
"""The texts of the files that a pattern names, in the order of their names."""

MAX_DEPTH = 16
"""Of files that include files, as OpenSSH has it."""

_ALIASES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
}
_LISTS = ("allowusers", "denyusers", "allowgroups", "denygroups")
_FLAGS = {"yes": True, "no": False}
_ROOT = {
    "no": False,
    **dict.fromkeys(("yes", "prohibit-password", "without-password"), True),
    "forced-commands-only": True,
}
_WITH_PASSWORD = {"password", "keyboard-interactive"}


@dataclass(slots=True)
class Settings:
    """Keyword in lower case -> its arguments. `conditional`: those of Match blocks."""

    always: dict[str, Words] = field(default_factory=dict)
    conditional: dict[str, list[Words]] = field(default_factory=dict)

    def possible(self, keyword: str, default: str) -> set[Words]:
        """Every value that may be in force for somebody."""
        return {self.always.get(keyword, (default,)), *self.conditional.get(keyword, [])}


def parse(text: str, include: Include) -> Settings:
    """Raises ValueError for a line that makes no sense or files that include each other."""
    settings = Settings()
    _parse(text, include, settings, in_match=False, depth=0)
    return settings


def root_may_log_in(settings: Settings) -> bool | None:
    """In whatever way, by key too. None when it depends on who comes from where."""
    answers = {_ROOT.get(_word(v)) for v in settings.possible("permitrootlogin", "yes")}
    if len(answers) != 1 or None in answers:
        return None
    if answers == {False} or not any(
        name in settings.always or name in settings.conditional for name in _LISTS
    ):
        return answers.pop()
    return False if "root" in settings.always.get("denyusers", ()) else None


def password_suffices(settings: Settings, *, pam: bool = True) -> bool | None:
    """Whether anybody may log in with a password alone; None when that depends on who comes.

    `pam`: whether the system asks for passwords through PAM, as Windows does not.
    """
    words = [
        settings.possible("passwordauthentication", "yes"),
        settings.possible("kbdinteractiveauthentication", "yes"),
        settings.possible("usepam", "no"),
        settings.possible("authenticationmethods", "any"),
    ]
    answers = set()
    for password, interactive, use_pam, methods in product(*words):
        flags = [_FLAGS.get(_word(value)) for value in (password, interactive, use_pam)]
        if None in flags:
            return None
        enabled = {"password"} if flags[0] else set()
        enabled |= {"keyboard-interactive"} if flags[1] and flags[2] and pam else set()
        answers.add(_suffices(enabled, methods))
    return answers.pop() if len(answers) == 1 else None


def _suffices(enabled: set[str], methods: Words) -> bool:
    """Whether one of the lists of methods asks for nothing but passwords, and all it asks work."""
    if _word(methods) == "any":
        return bool(enabled)
    asked = [{name.partition(":")[0].lower() for name in m.split(",")} for m in methods]
    return any(one <= _WITH_PASSWORD and one <= enabled for one in asked)


def _parse(text: str, include: Include, settings: Settings, *, in_match: bool, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("includes")
    for keyword, words in _lines(text):
        if keyword == "match":
            in_match = True
        elif keyword == "include":
            for pattern in words:
                for inner in include(pattern):
                    _parse(inner, include, settings, in_match=in_match, depth=depth + 1)
        elif in_match:
            settings.conditional.setdefault(keyword, []).append(words)
        elif keyword in _LISTS:
            settings.always[keyword] = settings.always.get(keyword, ()) + words
        else:
            settings.always.setdefault(keyword, words)


def _lines(text: str) -> Iterator[tuple[str, Words]]:
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r'"?([A-Za-z0-9]+)"?(?:\s*=\s*|\s+|(?="))(.*)', line)
        words = _split(found[2]) if found else ()
        if found is None or not words:
            raise ValueError(line)
        keyword = found[1].lower()
        yield _ALIASES.get(keyword, keyword), words


def _split(text: str) -> Words:
    """Words between blanks or in quotes; the rest of the line behind `#` is a remark."""
    words = []
    for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', text):
        if plain.startswith("#"):
            break
        words.append(quoted or plain)
    return tuple(words)


def _word(words: Words) -> str:
    return words[0].lower() if len(words) == 1 else ""
