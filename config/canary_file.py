"""The names by which resolvers and content filters are tried out: policies/canaries.toml.

Agents ask their own resolver for the addresses of these names, and open the first page of those
that are about filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TypeVar

from config.policy_folder import PolicyFolder, name_of
from config.strict import Table, read_toml, refuse_twins
from probes.text import Text

FILE = "canaries.toml"
OPEN = "open"
MOST_NAMES = 16
T = TypeVar("T")
_DNS_NAME = re.compile(r"(?=.{1,200}\Z)(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_CATEGORY = re.compile(r"[a-z][a-z_]{0,31}")


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name whose true answer is known or the same everywhere.

    Attributes:
        answers: networks in which each true answer lies; empty = what the collector itself is told.
        source: who says so, in words.
    """

    name: str
    answers: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Page:
    """A web page by which a content filter is tried.

    Attributes:
        category: of what has to be blocked; OPEN for a page that must come, without which a filter
            cannot be told from an internet that is gone.
        address: the true one, where that is inside the county's own network; empty = outside.
        text: words on the true page, by which a page of the filter's own is told from it; may be
            empty.
    """

    category: str
    name: str
    source: str
    address: str = ""
    text: str = ""

    def fact(self) -> dict[str, str]:
        found = {"category": self.category, "name": self.name}
        more = {"address": self.address, "text": self.text}
        return found | {key: value for key, value in more.items() if value}


@dataclass(frozen=True, slots=True)
class Canaries:
    """`domain`: no random name below it exists; empty = none is tried."""

    domain: str
    known: tuple[KnownName, ...]
    pages: tuple[Page, ...]

    def facts(self) -> dict[str, object]:
        """As a schedule's blanks want them; what is empty is absent, so that nobody is asked."""
        names = [each.name for each in self.known]
        pages = [page.fact() for page in self.pages]
        return {
            **({"canary_domain": self.domain, "canary_names": names} if self.domain else {}),
            **({"filter_pages": pages} if pages else {}),
        }


def load_canaries(folder: PolicyFolder) -> Canaries:
    """Raises PolicyError naming file and key."""
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        with top.table("resolver") as resolver:
            domain = resolver.text("domain")
            if domain:
                _checked(resolver, "domain", domain, _DNS_NAME)
                resolver.text("source")
            known = _rows(resolver, "name", _known)
        pages = _rows(top, "page", _page)
        if pages and not any(page.category == OPEN for page in pages):
            raise top.error(
                "page",
                f"至少要有一个 category 为 {OPEN} 的网页：它打不开就是断网，不是拦截",
                f"one page of the category {OPEN} is needed: if that does not come, it is no "
                "filter, but the internet that is gone",
            )
    _refuse_twins(each.name for each in known)
    _refuse_twins(each.name for each in pages)
    return Canaries(domain, known, pages)


def _rows(top: Table, key: str, read: Callable[[Table], T]) -> tuple[T, ...]:
    found = tuple(read(row) for row in top.tables(key, optional=True))
    if len(found) > MOST_NAMES:
        n = len(found)
        raise top.error(key, f"{n} 个，最多 {MOST_NAMES}", f"{n}, but {MOST_NAMES} at most")
    return found


def _known(table: Table) -> KnownName:
    with table:
        answers = table.words("answers", ())
        for answer in answers:
            _check_network(table, answer)
        return KnownName(_name(table), answers, table.text("source"))


def _page(table: Table) -> Page:
    with table:
        return Page(
            category=_checked(table, "category", table.text("category"), _CATEGORY),
            name=_name(table),
            source=table.text("source"),
            address=_address(table) if table.has("address") else "",
            text=table.text("text", ""),
        )


def _address(table: Table) -> str:
    text = table.text("address")
    try:
        return str(ip_address(text))
    except ValueError:
        raise table.error("address", f"“{text}”不是地址", f"{text!r} is no address") from None


def _name(table: Table) -> str:
    return _checked(table, "name", table.text("name").lower().rstrip("."), _DNS_NAME)


def _checked(table: Table, key: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise table.error(
            key, f"“{value}”写法不对（{pattern.pattern}）", f"{value!r} is not {pattern.pattern}"
        )
    return value


def _check_network(table: Table, text: str) -> None:
    try:
        ip_network(text)
    except ValueError:
        raise table.error(
            "answers",
            f"“{text}”不是地址或网段",
            f"{text!r} is neither an address nor a network",
        ) from None


def _refuse_twins(names: Iterable[str]) -> None:
    refuse_twins(
        names, lambda twin: Text(f"{FILE}：{twin} 出现两次。", f"{FILE}: {twin} is there twice.")
    )
