"""Chinese public holidays and make-up working days of one year.

Statutory days and make-up days come from the `holidays` package; the notices in calendar.toml win
over it, so that a county need not wait for a new version of the package each November.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

_REPLACED_BY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class PublicYear:
    """What one year's notice says.

    Attributes:
        off: public holidays and the working days given off with them.
        work: weekend day that is worked -> the working day whose lessons it takes over.
        document: the notice, or where the days come from.
        published: False while only the statutory days are known, and no make-up day is.
    """

    off: frozenset[date]
    work: Mapping[date, date]
    document: str
    published: bool


@cache
def statutory_year(year: int) -> PublicYear:
    """The year as the installed `holidays` package knows it.

    The package names a day that is given off in exchange by the weekend day that is worked for it.
    """
    import holidays

    known = holidays.country_holidays("CN", years=year, language="zh_CN")
    work: dict[date, date] = {}
    for day, name in known.items():
        if match := _REPLACED_BY.search(name):
            work[date.fromisoformat(match[0])] = day
    # A make-up day of December may belong to January's holiday, so `published` asks only for
    # exchanges whose holiday lies in this year.
    return PublicYear(
        off=frozenset(known),
        work=work,
        document="全国年节及纪念日放假办法",
        published=bool(work),
    )
