from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.register.register import Register
from tests.collector.inventory.network import Network


@pytest.fixture(scope="session")
def empty_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; a test gets a copy."""
    path = tmp_path_factory.mktemp("register") / "register.sqlite3"
    Register.open(path).close()
    return path


@pytest.fixture
def network(tmp_path: Path, empty_register: Path) -> Iterator[Network]:
    path = tmp_path / "register.sqlite3"
    shutil.copy(empty_register, path)
    register = Register.open(path)
    yield Network(register)
    register.close()
