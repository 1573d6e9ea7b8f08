"""Antivirus products by the names that their packages, folders and programs bear on Linux.

ClamAV's names are those of Debian, Fedora and openEuler. The others are names seen in public code
or documents and were not compared with an installation; a product under another name is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`packages` matches a package's whole name; `programs` are names of processes (15 letters)."""

    key: str
    packages: re.Pattern[str]
    folders: tuple[str, ...]
    programs: frozenset[str]


PRODUCTS: tuple[Product, ...] = (
    Product(
        key="clamav",
        packages=re.compile(r"clamav|clamav-daemon|clamav-server|clamd"),
        folders=(),
        programs=frozenset({"clamd"}),
    ),
    Product(
        key="qihoo360",
        packages=re.compile(r"(com\.)?360(safe|sd|entsafe)[\w.-]*", re.IGNORECASE),
        folders=("opt/360safe", "opt/360sdforcnos", "opt/360safeforcnos"),
        programs=frozenset({"360safed", "360sdd"}),
    ),
    Product(
        key="qianxin",
        packages=re.compile(r"(com\.)?(qaxsafe|qianxin)[\w.-]*", re.IGNORECASE),
        folders=("opt/qaxsafe",),
        programs=frozenset({"qaxsafed", "QAXEntClient"}),
    ),
    Product(
        key="huorong",
        packages=re.compile(r"(com\.|cn\.)?huorong[\w.-]*", re.IGNORECASE),
        folders=("opt/huorong",),
        programs=frozenset({"HipsDaemon", "hipsdaemon"}),
    ),
    Product(
        key="kaspersky",
        packages=re.compile(r"kesl"),
        folders=("opt/kaspersky/kesl",),
        programs=frozenset({"kesl"}),
    ),
)


@dataclass(frozen=True, slots=True)
class Found:
    """An installed product.

    Attributes:
        running: None when processes of others are hidden from this user.
        signatures_at: when its signatures were made, Unix seconds; None when it does not say.
    """

    key: str
    running: bool | None
    signatures_at: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`hidden`: a source that could not be looked at, so that "none" proves nothing; else empty."""

    found: tuple[Found, ...]
    hidden: str = ""
