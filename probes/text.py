"""Words for people, in both languages, side by side so that neither goes stale alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One message in Chinese and English."""

    zh: str
    en: str

    def __call__(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en

    def __str__(self) -> str:
        """English, for logs and tracebacks."""
        return self.en


class BanjunError(Exception):
    """A fault that a person can act on: names the thing, the value and the next step.

    Every command prints `text` in the reader's language and exits with 2, without a traceback.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def choose_language(option: str | None, environment: dict[str, str]) -> Language:
    """`--lang`, else LC_ALL, LC_MESSAGES, LANG; a `zh` locale or no locale at all is Chinese."""
    if option:
        return Language(option)
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(variable, "")
        if value:
            return Language.EN if not value.lower().startswith("zh") else Language.ZH
    return Language.ZH
