"""Names of people as they are typed: checked, and compared."""

from __future__ import annotations

import re
import unicodedata

from collector.attest.entry import AttestError
from probes.text import Text

LONGEST = 64


def checked_person(text: str) -> str:
    """A name or staff number. Raises AttestError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or not name.isprintable() or len(name) > LONGEST or not _bare(name):
        raise AttestError(
            Text(
                f"“{text[:LONGEST]}”不能作为签署人：请写姓名或工号（--person），"
                f"最多 {LONGEST} 字。",
                f"{text[:LONGEST]!r} cannot be who signs: give a name or staff number (--person) "
                f"of at most {LONGEST} letters.",
            )
        )
    return name


def is_same_person(one: str, other: str) -> bool:
    """Whatever the width, case and spaces in which the name was typed."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
