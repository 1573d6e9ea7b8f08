"""Prints a benchmark's figures as a table and keeps them as var/bench/NAME.json."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

FOLDER = Path("var/bench")
_AIM = re.compile(r"(ratio|value) <= ([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is ours / the peer's, from the same run; the peer's fields are None without one."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    aim: str | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without an aim."""
        if self.aim is None or not (match := _AIM.fullmatch(self.aim)):
            return None
        number = self.ratio if match[1] == "ratio" else self.value
        return number is not None and number <= float(match[2])


def compared(
    name: str,
    unit: str,
    ours: list[float],
    peer: str,
    theirs: list[float],
    aim: str | None = None,
) -> Figure:
    """Medians of alternating rounds, and the median of the rounds' ratios."""
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return Figure(name, median(ours), unit, peer, median(theirs), ratio, aim)


@dataclass(slots=True)
class Report:
    """Collects figures; `notes` are printed below the table and kept."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(_line(figure), flush=True)

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def finish(self) -> int:
        """Write the file; the exit code is 1 if an aim was missed."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{self.name}.json"
        rows = [asdict(f) for f in self.figures]
        for row in rows:
            row |= {"machine": machine(), "versions": versions(), "notes": self.notes}
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
        missed = [f.name for f in self.figures if f.reached is False]
        print(f"\n{path}: {len(rows)} figures; missed: {', '.join(missed) or 'none'}")
        return 1 if missed else 0


def _line(figure: Figure) -> str:
    mark = {True: "ok", False: "MISSED", None: ""}[figure.reached]
    peer = f"{figure.peer} {figure.peer_value:,.1f}" if figure.peer_value is not None else ""
    ratio = f"ratio {figure.ratio:.2f}" if figure.ratio is not None else ""
    aim = f"aim {figure.aim}" if figure.aim else ""
    value = f"{figure.value:,.2f} {figure.unit}"
    return f"{figure.name:<52} {value:>22}  {peer:<32} {ratio:<11} {aim:<15} {mark}"


def machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {_processors()} processors, {platform.system()} {platform.release()}"


def _processors() -> int:
    import os

    return os.cpu_count() or 1


def versions() -> Mapping[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in ("aiohttp", "duckdb", "msgspec", "numpy", "uvloop"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
