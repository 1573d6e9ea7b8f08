from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.shell.router import County, Gateway
from tests.durability.processes import free_port


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    founded = County(tmp_path_factory.mktemp("county"))
    try:
        founded.start()
        yield founded
    finally:
        founded.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


@pytest.fixture
def enrolled(tmp_path: Path, county: County) -> Gateway:
    county.line.mode = "pass"
    gateway = Gateway(tmp_path)
    assert gateway("enrol", "-", stdin=county.string).returncode == 0
    return gateway


@pytest.fixture
def lonely(gateway: Gateway) -> Gateway:
    """Believes that it is enrolled; its collector's port is closed."""
    gateway.pretend_enrolment(f"http://127.0.0.1:{free_port()}")
    return gateway
