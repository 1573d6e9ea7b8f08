"""A disk that is really full: a small tmpfs, which only root can mount."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes import wire
from tests.agent.conftest import MakeSpool, numbers, record
from tests.lab.small_disk import small_disk

pytestmark = pytest.mark.root

BIG = 10**9
KIBIBYTES = 512


@pytest.fixture(name="small_disk")
def mounted(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", KIBIBYTES) as place:
        yield place


def fat(n: int) -> list[wire.Record]:
    return [record(n, target=f"{n}-{i}".rjust(250, "x")) for i in range(20)]


def test_full_disk_is_bridged_and_everything_is_accounted_for(
    make_spool: MakeSpool, small_disk: Path
) -> None:
    def free() -> int:
        disk = os.statvfs(small_disk)
        return disk.f_bavail * disk.f_frsize

    spool = make_spool(directory=small_disk, free_bytes=free)
    ballast = small_disk / "somebody-elses-file"
    ballast.write_bytes(b"x" * (KIBIBYTES * 1024 * 3 // 5))

    sent = 0
    for n in range(400):
        spool.add(fat(n), bulk=True)
        sent += 20
        if n % 4 == 3:
            spool.seal()
    assert spool.trouble
    depth = spool.depth()
    assert depth.readings + depth.unsealed + spool.lost == sent
    assert spool.lost > 0

    ballast.unlink()
    spool.add(fat(400), bulk=True)
    spool.seal()
    spool.add(fat(401), bulk=True)
    sent += 40
    assert spool.trouble == ""

    received: list[int] = []
    for _ in range(1000):
        spool.seal()
        batches = spool.oldest(16, 2**20)
        if not batches:
            break
        received += numbers(batches)
        spool.drop([batch.key for batch in batches])
    assert len(received) + sum(gap.count for gap in spool.gaps(100)) == sent
    assert received.count(400) == received.count(401) == 20
    assert max(received.count(n) for n in set(received)) == 20


def test_spool_starts_on_a_disk_that_is_full(make_spool: MakeSpool, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (KIBIBYTES * 1024))
    spool = make_spool(directory=small_disk)
    spool.add([record(1)], bulk=True)
    spool.seal()
    assert numbers(spool.oldest(1, BIG)) == [1]
    (small_disk / "ballast").unlink()
    spool.seal()
    assert numbers(spool.oldest(1, BIG)) == [1]
    spool.close()
    assert numbers(make_spool(directory=small_disk).oldest(1, BIG)) == [1]
