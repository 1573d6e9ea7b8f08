"""How old ClamAV's signatures are, from the headers of its database files.

The header is the first 512 bytes: fields between colons, the last of them the time of making in
Unix seconds (docs.clamav.net, "CVD file format").
"""

from __future__ import annotations

from pathlib import Path

DATABASES = Path("var/lib/clamav")
HEADER_BYTES = 512
_MAGIC = "ClamAV-VDB"
_FIELDS = 9


def made_at(header: bytes) -> float | None:
    """When the signatures of a .cvd or .cld file were made; None when it is no such header."""
    text = header[:HEADER_BYTES].decode("ascii", errors="replace")
    fields = text.split(":")
    if len(fields) < _FIELDS or fields[0] != _MAGIC:
        return None
    digits = fields[_FIELDS - 1].strip(" \0\n")
    return float(digits) if digits.isascii() and digits.isdigit() else None


def signatures_at(root: Path) -> float | None:
    """Of the newest database; main and bytecode change seldom, daily tells. None without any."""
    times = []
    for path in [*(root / DATABASES).glob("*.cvd"), *(root / DATABASES).glob("*.cld")]:
        try:
            with path.open("rb") as file:
                times.append(made_at(file.read(HEADER_BYTES)))
        except OSError:
            continue
    return max((at for at in times if at is not None), default=None)
