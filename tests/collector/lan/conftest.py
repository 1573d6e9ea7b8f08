from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.lan.net import Net


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    made = Net(tmp_path)
    yield made
    made.register.close()
