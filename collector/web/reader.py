"""In which language a visitor reads, and figures and times in their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from urllib.parse import urlencode

from config.quantity import ABSENT, show
from probes.model import Unit
from probes.text import Language, Text

_AGES = (
    (2 * 86400, 86400, Text("天前", "d ago")),
    (2 * 3600, 3600, Text("小时前", "h ago")),
    (120, 60, Text("分钟前", "min ago")),
    (0, 1, Text("秒前", "s ago")),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """One visitor of one page.

    Attributes:
        chosen: whether the address says the language; then the links of the page say it too.
        now: when the page is made.
    """

    language: Language
    chosen: bool
    now: datetime
    zone: tzinfo

    def words(self, text: Text) -> str:
        return text(self.language)

    def either(self, zh: str, en: str) -> str:
        return zh if self.language is Language.ZH else en

    def show(self, value: float | Fraction | None, unit: Unit | str) -> str:
        return show(value, unit, self.language)

    def share(self, value: float | Fraction | None) -> str:
        return show(value, Unit.RATIO, self.language)

    def age(self, at: datetime | None) -> str:
        """`3 分钟前`; a dash for None. What seems to be in the future is 0 s old."""
        if at is None:
            return ABSENT
        seconds = max(0.0, (self.now - at).total_seconds())
        size, word = next((size, word) for least, size, word in _AGES if seconds >= least)
        return f"{int(seconds // size)} {word(self.language)}"

    def moment(self, at: datetime) -> str:
        """Local date, time and zone."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    def minute(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

    def day(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%Y-%m-%d")

    def link(self, path: str, **query: str) -> str:
        """`path` with `query`; it keeps the language if that was chosen."""
        if self.chosen:
            query = {**query, "lang": self.language.value}
        return f"{path}?{urlencode(query)}" if query else path


def language_of(query: Mapping[str, str], accept: str) -> tuple[Language, bool]:
    """`?lang=`, else the first of Accept-Language that we speak, else Chinese.

    The second value is whether the address said it.
    """
    if query.get("lang") in set(Language):
        return Language(query["lang"]), True
    for tag in _preferred(accept):
        primary = tag.partition("-")[0]
        if primary in set(Language):
            return Language(primary), False
    return Language.ZH, False


def _preferred(accept: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first, those refused left out."""
    weighted = []
    for part in accept.lower().split(","):
        tag, _, parameter = part.partition(";")
        weighted.append((_weight(parameter), tag.strip()))
    return [tag for weight, tag in sorted(weighted, key=lambda w: -w[0]) if weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
