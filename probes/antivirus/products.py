"""Antivirus products by the names that they bear: reads `products.toml`, and tells who is who."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("products.toml")
VERIFIED = ("primary", "secondary", "memory")
DEFENDER = "defender"
_NEVER = re.compile(r"(?!)")
_ANTIVIRUS = re.compile(
    r"杀毒|防病毒|反病毒|安全卫士|终端安全|Anti-?virus|Endpoint|Internet Security", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Product:
    """`packages` matches a package's whole name; the names of processes and services of Windows are
    in lower case."""

    key: str
    publisher: re.Pattern[str]
    names: re.Pattern[str]
    processes: frozenset[str]
    services: frozenset[str]
    packages: re.Pattern[str]
    folders: tuple[str, ...]
    programs: frozenset[str]

    def is_called(self, name: str) -> bool:
        return self.names.search(name) is not None

    def is_installed_as(self, name: str, publisher: str) -> bool:
        """Whether an installed program is this one."""
        made = self.publisher.search(publisher) is not None
        return self.is_called(name) or (made and _ANTIVIRUS.search(name) is not None)


@cache
def load(path: Path = FILE) -> tuple[Product, ...]:
    """Raises ValueError for a key that stands there twice or a row that is not whole."""
    import tomllib

    found: dict[str, Product] = {}
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["product"]:
        if row["verified"] not in VERIFIED or not row["title"]:
            raise ValueError(f"{path.name}: {row['key']} needs `title` and `verified`")
        if row["key"] in found:
            raise ValueError(f"{path.name}: {row['key']} is there twice")
        found[row["key"]] = Product(
            key=row["key"],
            publisher=_pattern([row["publisher"]] if "publisher" in row else []),
            names=_pattern(row.get("names", [])),
            processes=frozenset(name.lower() for name in row.get("processes", [])),
            services=frozenset(name.lower() for name in row.get("services", [])),
            packages=_pattern([row["packages"]] if "packages" in row else []),
            folders=tuple(row.get("folders", [])),
            programs=frozenset(row.get("programs", [])),
        )
    return tuple(found.values())


def called(name: str) -> Product | None:
    """The product that the security centre of Windows knows under this name."""
    for product in load():
        if any(product.is_called(spelt) for spelt in spellings(name)):
            return product
    return None


def spellings(name: str) -> Iterator[str]:
    """A name as it stands, and as it was meant.

    On a Windows that is not Chinese, an old Chinese installer leaves its GBK bytes as if they were
    Western letters.
    """
    yield name
    try:
        meant = name.encode("cp1252").decode("gbk")
    except UnicodeError:
        return
    if meant != name:
        yield meant


def _pattern(choices: Sequence[str]) -> re.Pattern[str]:
    if not choices:
        return _NEVER
    return re.compile("|".join(f"(?:{choice})" for choice in choices), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A product that is here, or of which an entry in the security centre is left.

    Attributes:
        running: None when it cannot be told.
        installed: False when only an entry is left of it.
        enabled: whether it says that it is on.
        signatures_current: whether it says that its signatures are new enough.
        signatures_at: when its signatures were made or brought in, Unix seconds.
        real_time: whether its real-time protection is on.
        source: where most of it was read.
    """

    key: str
    running: bool | None
    signatures_at: float | None = None
    installed: bool = True
    enabled: bool | None = None
    signatures_current: bool | None = None
    real_time: bool | None = None
    source: str = "file"

    @property
    def protects(self) -> bool | None:
        """True only if it says that it is on and its program is seen to run."""
        if not self.installed or False in (self.enabled, self.running, self.real_time):
            return False
        return True if self.enabled and self.running else None


@dataclass(frozen=True, slots=True)
class Answer:
    """`hidden`: why a product may be here that was not seen: a reason of the probe; else empty."""

    found: tuple[Found, ...]
    hidden: str = ""
    source: str = "file"
