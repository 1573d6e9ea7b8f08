"""Is every sealed file what it was when it was sealed, and does every seal fit the chain?

What the chain cannot show is that all of it was made again, files and links. That shows when a link
that was written down elsewhere (an anchor, `NUMBER:LINK`) is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from collector.chain import BEGIN, link
from collector.logs.content import BrokenError, EndsEarlyError, NotSealedError, read_again
from collector.logs.folder import LogFolder
from collector.logs.seal import Kind, Seal
from probes.text import BanjunError, Text

_ANCHOR = re.compile(r"(\d{1,9}):([0-9a-f]{16,64})")


class Fault(StrEnum):
    """What is wrong. The first four are of a file, the others of the seals."""

    REMOVED = "removed"
    TRUNCATED = "truncated"
    REPLACED = "replaced"
    EDITED = "edited"
    UNREADABLE = "unreadable"
    UNSEALED = "unsealed"
    CHAIN = "chain"
    ANCHOR = "anchor"


TITLES: Mapping[Fault, Text] = {
    Fault.REMOVED: Text("文件被删除", "the file is gone"),
    Fault.TRUNCATED: Text(
        "文件被截短，或删去了内容", "the file was cut short, or lines were taken out"
    ),
    Fault.REPLACED: Text("文件被换成了别的", "the file was replaced by another"),
    Fault.EDITED: Text("内容被改动", "lines were changed"),
    Fault.UNREADABLE: Text(
        "文件读不出，请检查权限和磁盘", "it cannot be read: look at permissions and disk"
    ),
    Fault.UNSEALED: Text("这个文件没有封存记录", "there is no seal for this file"),
    Fault.CHAIN: Text("封存记录与链不符", "the seal does not fit the chain"),
    Fault.ANCHOR: Text(
        "链里没有这个锚值：链被重做或截短过",
        "this anchor is not in the chain, which was made again or cut",
    ),
}


_TROUBLES: Mapping[type[Exception], Fault] = {
    FileNotFoundError: Fault.REMOVED,
    NotSealedError: Fault.REPLACED,
    EndsEarlyError: Fault.TRUNCATED,
    BrokenError: Fault.EDITED,
    OSError: Fault.UNREADABLE,
    ValueError: Fault.UNREADABLE,
}
"""What reading may raise, the particular before the general."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject`: a file below the folder of sealed ones, or the anchor; `seal`: its number, if it
    is about one."""

    fault: Fault
    subject: str
    seal: int | None = None


class AnchorError(BanjunError):
    """What was given is no anchor."""


def present(seals: Iterable[Seal]) -> list[Seal]:
    """The seals whose file has to be there."""
    seals = list(seals)
    deleted = {seal.part for seal in seals if seal.kind is Kind.DELETED}
    return [seal for seal in seals if seal.kind is Kind.SEALED and seal.part not in deleted]


def chain_faults(seals: Sequence[Seal]) -> Iterator[Finding]:
    """Every row that does not follow from the row before it, as that stands now."""
    number, before = 0, BEGIN
    for seal in seals:
        if seal.number != number + 1 or link(before, seal.record()) != seal.link:
            yield Finding(Fault.CHAIN, str(seal.part.path), seal.number)
        number, before = seal.number, seal.link


def anchor_fault(seals: Iterable[Seal], anchor: str) -> Finding | None:
    """Raises AnchorError for what is no anchor. Its link may be shortened to 16 digits."""
    match = _ANCHOR.fullmatch(anchor.strip().lower())
    if match is None:
        raise AnchorError(
            Text(
                f"“{anchor}”不是锚值；应是 logs 显示过的“序号:链值”，链值至少 16 位。",
                f"{anchor!r} is no anchor; it should be NUMBER:LINK as `logs` showed it, with at "
                "least 16 digits of the link.",
            )
        )
    number, digits = int(match[1]), match[2]
    held = any(seal.number == number and seal.link.startswith(digits) for seal in seals)
    return None if held else Finding(Fault.ANCHOR, anchor)


def unsealed(folder: LogFolder, seals: Iterable[Seal]) -> Iterator[Finding]:
    """Files that lie where sealed ones do. What a crash left behind is sealed again by now."""
    known = {folder.sealed(seal.part) for seal in seals if seal.kind is Kind.SEALED}
    root = folder.sealed_root
    for path in sorted(folder.all_sealed() - known):
        if not path.name.endswith(".tmp"):
            yield Finding(Fault.UNSEALED, str(path.relative_to(root)))


def file_fault(folder: LogFolder, seal: Seal, hashes: Collection[str]) -> Fault | None:
    """Read the file of a seal again. `hashes`: of all sealed contents."""
    expected = seal.content
    try:
        size, sha256 = read_again(folder.sealed(seal.part), expected.bytes)
    except tuple(_TROUBLES) as exc:
        return next(fault for kind, fault in _TROUBLES.items() if isinstance(exc, kind))
    if (size, sha256) == (expected.bytes, expected.sha256):
        return None
    if sha256 in hashes:
        return Fault.REPLACED
    return Fault.TRUNCATED if size < expected.bytes else Fault.EDITED


def glance(folder: LogFolder, seal: Seal) -> bool:
    """Whether a file of the sealed size is there, without reading it."""
    try:
        return folder.sealed(seal.part).lstat().st_size == seal.stored_bytes
    except (OSError, ValueError):
        return False


Chosen = Callable[[Seal], bool]


def verify(
    folder: LogFolder, seals: Sequence[Seal], chosen: Chosen
) -> tuple[list[Finding], set[int]]:
    """What is wrong, and the numbers of the seals whose files were read.

    The whole chain is worked out again. Files are read if they are `chosen`, or are not there with
    the size that was sealed.
    """
    found = [*chain_faults(seals), *unsealed(folder, seals)]
    hashes = {seal.content.sha256 for seal in seals}
    read = set()
    for seal in present(seals):
        if chosen(seal) or not glance(folder, seal):
            read.add(seal.number)
            if (fault := file_fault(folder, seal, hashes)) is not None:
                found.append(Finding(fault, str(seal.part.path), seal.number))
    return found, read


def daily_share(today: date, newest_days: int, every_days: int) -> Chosen:
    """All of the newest days, and of the older ones another share each day."""

    def chosen(seal: Seal) -> bool:
        age = (today - seal.part.day).days
        return age <= newest_days or seal.number % every_days == today.toordinal() % every_days

    return chosen
