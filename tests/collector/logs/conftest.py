from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.register.database import Database
from tests.collector.logs.scene import LogScene


@pytest.fixture(scope="session")
def empty_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; a test gets a copy."""
    path = tmp_path_factory.mktemp("register") / "register.sqlite3"
    Database(path).close()
    return path


@pytest.fixture
def scene(tmp_path: Path, empty_register: Path) -> Iterator[LogScene]:
    shutil.copy(empty_register, tmp_path)
    scene = LogScene(tmp_path)
    yield scene
    scene.database.close()
