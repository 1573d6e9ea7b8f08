"""Whether the record of signatures is as it was written, and its documents are as handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.attest.book import AttestBook, Newest
from collector.attest.entry import Entry
from collector.attest.evidence import Evidence, EvidenceShelf
from collector.chain import BEGIN, first_fault


@dataclass(frozen=True, slots=True)
class FileFault:
    """`fault`: MISSING or CHANGED; `number`: the first signature that needs the file."""

    number: int
    evidence: Evidence
    fault: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found.

    Attributes:
        first_broken: number of the first entry that was changed, inserted, or that follows one
            which was removed; None if there is none.
        newest: None for an empty record.
        unused: files that no entry names; of an upload that was cut off, and no fault.
    """

    entries: int
    first_broken: int | None
    files: int
    file_faults: tuple[FileFault, ...]
    newest: Newest | None
    unused: int

    @property
    def is_whole(self) -> bool:
        return self.first_broken is None and not self.file_faults


def verify(book: AttestBook, shelf: EvidenceShelf) -> Verified:
    """Reads everything; blocks."""
    entries = list(book.entries())
    needed: dict[str, tuple[int, Evidence]] = {}
    for entry in entries:
        if entry.file_sha256 is not None:
            evidence = Evidence(
                entry.file_sha256,
                entry.file_bytes or 0,
                entry.file_type or "",
                entry.file_name or "",
            )
            needed.setdefault(entry.file_sha256, (entry.number, evidence))
    faults = [
        FileFault(number, evidence, fault)
        for number, evidence in needed.values()
        if (fault := shelf.fault(evidence.sha256, evidence.size))
    ]
    return Verified(
        entries=len(entries),
        first_broken=_first_broken(entries),
        files=len(needed),
        file_faults=tuple(faults),
        newest=book.newest(),
        unused=len(shelf.sizes().keys() - needed.keys()),
    )


def _first_broken(entries: Sequence[Entry]) -> int | None:
    """Numbers stand in the links as well, so a removed entry is seen at the one after it."""
    place = first_fault([(entry.record(), entry.link) for entry in entries], BEGIN)
    return None if place is None else entries[place].number
