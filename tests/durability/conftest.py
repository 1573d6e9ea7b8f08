"""Disks that fail: a small one that really fills up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.small_disk import small_disk

SMALL_KIBIBYTES = 16 * 1024


@pytest.fixture(name="small_disk")
def mounted(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SMALL_KIBIBYTES) as place:
        yield place
