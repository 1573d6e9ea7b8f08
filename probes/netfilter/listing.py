"""The rules in force in this machine's kernel, as the installed tools list them. Read-only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from probes import programs
from probes.model import ProbeError
from probes.netfilter.iptables import parse_save
from probes.netfilter.nft import parse_nft
from probes.netfilter.rules import Table

COMMAND_SECONDS = 5.0
OWN_STATUS = Path("/proc/self/status")
_CAP_NET_ADMIN = 1 << 12

SAVES: Mapping[str, Literal["ip", "ip6"]] = {
    "iptables-save": "ip",
    "ip6tables-save": "ip6",
    "iptables-legacy-save": "ip",
    "ip6tables-legacy-save": "ip6",
}
"""Never `iptables -S`: with the legacy kernel interface, asking creates the tables asked for."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that could be read.

    Attributes:
        source: nftables or iptables, whichever holds rules.
        missing: why rules may exist that were not seen; empty when all were.
    """

    tables: tuple[Table, ...]
    source: str
    missing: str


async def list_rules() -> dict[str, programs.Finished]:
    """What each installed tool printed; raises ProbeError("no_source") if there is none."""
    commands = {"nft": ["-j", "list", "ruleset"], **{name: [] for name in SAVES}}
    found = {name: path for name in commands if (path := programs.find(name))}
    if not found:
        raise ProbeError("no_source", "nft, iptables-save")
    runs = [programs.run([path, *commands[n]], COMMAND_SECONDS) for n, path in found.items()]
    results = await asyncio.gather(*runs, return_exceptions=True)
    listings = dict(zip(found, results, strict=True))
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return {n: r for n, r in listings.items() if isinstance(r, programs.Finished)}


def read_rules(listings: Mapping[str, programs.Finished]) -> Rules:
    """The tables in all listings, each once.

    Raises ProbeError: "no_privilege" if any tool was refused, or if an ordinary user was told that
    there are no rules; "unreadable" if no listing could be had or understood.
    """
    if refused := [name for name, listing in listings.items() if listing.refused]:
        raise ProbeError("no_privilege", ", ".join(refused))
    good = {name: listing for name, listing in listings.items() if listing.code == 0}
    failed = [
        f"{name}: {listing.errors.strip()[:120]}"
        for name, listing in listings.items()
        # A kernel without the interface has no rules in it either.
        if listing.code != 0 and "not supported" not in listing.errors.lower()
    ]
    if not good:
        raise ProbeError("unreadable", "; ".join(failed))
    native = parse_nft(good["nft"].output) if "nft" in good else ()
    saved, through_nft = _saved(good)
    if not ("nft" in good or saved or through_nft or may_read_rules()):
        raise ProbeError("no_privilege", ", ".join(good))
    # iptables' own words for its tables say more: nft shows its matches without their arguments.
    known = {(table.family, table.name) for table in through_nft}
    native = tuple(table for table in native if (table.family, table.name) not in known)
    in_nft = any(table.chains for table in native) or not (saved or through_nft)
    source = "nftables" if "nft" in good and in_nft else "iptables"
    return Rules((*native, *through_nft, *saved), source, "; ".join(failed))


def _saved(
    listings: Mapping[str, programs.Finished],
) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """The tables of the legacy kernel interface, and those that live in nftables."""
    legacy: list[Table] = []
    through_nft: list[Table] = []
    seen: set[tuple[str, str]] = set()
    for name, family in SAVES.items():
        if name not in listings:
            continue
        text = re.sub(r"^#.*$|\[\d+:\d+\]", "", listings[name].output, flags=re.MULTILINE)
        if (family, text) in seen:  # iptables-save is often another name of the legacy tool
            continue
        seen.add((family, text))
        saved = parse_save(listings[name].output, family)
        (through_nft if saved.by_nft else legacy).extend(saved.tables)
    return tuple(legacy), tuple(through_nft)


def may_read_rules() -> bool:
    """Whether an answer "no rules" can be believed: an ordinary user may be told so wrongly."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", _own_status(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) & _CAP_NET_ADMIN)


def _own_status() -> str:
    try:
        return OWN_STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
