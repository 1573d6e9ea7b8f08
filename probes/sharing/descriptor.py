"""Whether the permissions of a share let anybody write, from its security descriptor ([MS-DTYP]).

Who may is told by SIDs, which are the same in every language.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

EVERYONE, ANONYMOUS, GUESTS = "S-1-1-0", "S-1-5-7", "S-1-5-32-546"
ANYBODY = frozenset({EVERYONE, ANONYMOUS, GUESTS})

_DACL_PRESENT, _SELF_RELATIVE = 0x0004, 0x8000
_ALLOWED, _DENIED = 0, 1
_INHERIT_ONLY = 0x08
_WRITE = 0x2 | 0x10000000 | 0x40000000
"""FILE_WRITE_DATA, GENERIC_ALL, GENERIC_WRITE."""


def anybody_may_write(descriptor: bytes) -> bool:
    """Raises ValueError for bytes that are no self-relative security descriptor.

    Without a list of permissions everything is open to everybody. The list's order counts, as it
    does for Windows: what was denied to Everyone before is not allowed behind.
    """
    try:
        return _may_write(descriptor)
    except (struct.error, IndexError) as exc:
        raise ValueError("descriptor") from exc


def _may_write(descriptor: bytes) -> bool:
    revision, _, control = struct.unpack_from("<BBH", descriptor)
    if revision != 1 or not control & _SELF_RELATIVE:
        raise ValueError("descriptor")
    (at,) = struct.unpack_from("<I", descriptor, 16)
    if not control & _DACL_PRESENT or at == 0:
        return True
    denied = 0
    for kind, mask, sid in _entries(descriptor[at:]):
        if kind == _DENIED and sid == EVERYONE:
            denied |= mask
        elif kind == _ALLOWED and sid in ANYBODY and mask & _WRITE & ~denied:
            return True
    return False


def _entries(acl: bytes) -> Iterator[tuple[int, int, str]]:
    """Kind, mask and SID of each entry that allows or denies."""
    _, _, size, many, _ = struct.unpack_from("<BBHHH", acl)
    if size > len(acl):
        raise ValueError("list of permissions")
    at = 8
    for _ in range(many):
        kind, flags, length = struct.unpack_from("<BBH", acl, at)
        if length < 8 or at + length > size:
            raise ValueError("entry")
        if kind in (_ALLOWED, _DENIED) and not flags & _INHERIT_ONLY:
            (mask,) = struct.unpack_from("<I", acl, at + 4)
            yield kind, mask, sid_text(acl[at + 8 : at + length])
        elif kind not in (_ALLOWED, _DENIED):
            raise ValueError(f"entry of kind {kind}")
        at += length


def sid_text(data: bytes) -> str:
    """S-1-5-32-544. Raises ValueError or struct.error."""
    revision, many = struct.unpack_from("<BB", data)
    if revision != 1:
        raise ValueError("SID")
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack_from(f"<{many}I", data, 8)
    return "-".join(("S-1", str(authority), *map(str, parts)))
