"""The file in which a backup job says that it has succeeded, and the folder of such files.

It is JSON, at most MOST_BYTES long, called `<job>.json`:

    {"job": "database", "time": 1795400000, "bytes": 73400320, "place": "local",
     "sha256": "64 hex digits", "sizes": [73100000, 73200000, 73300000]}

`time` is when the backup was made, in Unix seconds. `sha256` and `sizes` (those of earlier runs,
the newest last) may be left out. A job that fails writes nothing, and its file grows old.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.backup import STATE_DIR

JOB = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
PLACES = ("local", "offsite")
MOST_JOBS = 16
MOST_SIZES = 10
MOST_BYTES = 16_384
LARGEST = 2**60
"""Bytes of a backup; a number beyond is a mistake."""
LATEST = 32_503_680_000
"""Unix seconds, year 3000."""
LEAST_TO_COMPARE = 3

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ManifestError(Exception):
    """It is no manifest. `reason`: one of those of posture_backup."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one job said last. `sizes`: bytes of its earlier runs, the newest last."""

    job: str
    time: float
    size: int
    place: str
    sha256: str = ""
    sizes: tuple[int, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Its size against the median of the earlier ones; None with fewer than three, or of 0."""
        if len(self.sizes) < LEAST_TO_COMPARE or not (middle := median(self.sizes)):
            return None
        return self.size / middle

    def encoded(self) -> bytes:
        fields = {
            "job": self.job,
            "time": self.time,
            "bytes": self.size,
            "place": self.place,
            "sha256": self.sha256,
            "sizes": list(self.sizes),
        }
        return json.dumps(fields, indent=1).encode() + b"\n"


def decode(content: bytes, job: str) -> Manifest:
    """Of the file `<job>.json`. Raises ManifestError."""
    if len(content) > MOST_BYTES:
        raise ManifestError("too_large")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise ManifestError("not_json") from exc
    if not isinstance(found, dict):
        raise ManifestError("not_json")
    if missing := {"job", "time", "bytes", "place"} - set(found):
        raise ManifestError("incomplete") from KeyError(*sorted(missing))
    if found["job"] != job:
        raise ManifestError("other_job")
    return _checked(found)


def _checked(found: Mapping[str, Any]) -> Manifest:
    digest, sizes = found.get("sha256", ""), found.get("sizes", [])
    if not (
        _is_number(found["time"], LATEST)
        and _is_size(found["bytes"])
        and found["place"] in PLACES
        and (digest == "" or (isinstance(digest, str) and _SHA256.fullmatch(digest)))
        and isinstance(sizes, list)
        and all(map(_is_size, sizes))
    ):
        raise ManifestError("out_of_bounds")
    last = tuple(sizes[-MOST_SIZES:])
    return Manifest(found["job"], found["time"], found["bytes"], found["place"], digest, last)


def _is_number(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def median(sizes: Sequence[int]) -> float:
    ordered, half = sorted(sizes), len(sizes) // 2
    return float(ordered[half] if len(sizes) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def folder(state_dir: Path | None = None) -> Path:
    """Where manifests are kept: `backups` in the state directory of the agent."""
    return (state_dir or Path(os.environ.get(STATE_DIR, "var/agent"))) / "backups"


def names(folder: Path) -> list[str]:
    """What stands before `.json`, sorted. Raises OSError."""
    return sorted(path.name.removesuffix(".json") for path in folder.iterdir() if is_manifest(path))


def is_manifest(path: Path) -> bool:
    """By its name; half-written files have another."""
    return path.suffix == ".json"


def read(folder: Path, job: str) -> Manifest:
    """Raises ManifestError and OSError."""
    path = folder / f"{job}.json"
    if not path.is_file():  # a pipe would keep us waiting
        raise ManifestError("not_json")
    with path.open("rb") as file:
        return decode(file.read(MOST_BYTES + 1), job)
