"""Both engines, each holding the same county."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from grafana.edition import Engine
from tests.grafana.asked import Asked, AskedInflux, AskedVictoria
from tests.grafana.county import Told, told
from tests.lab.influx import Influx
from tests.lab.victoria import Victoria


@pytest.fixture(scope="package")
def county(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(tmp_path_factory.mktemp("collector"))


@pytest.fixture(scope="package")
def victoria(county: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with Victoria(tmp_path_factory.mktemp("engine")) as engine:
        urlopen(Request(f"{engine.url}/api/v2/write?precision=ms", data=county.lines)).close()
        engine.ask("/internal/force_flush")
        yield AskedVictoria(engine, county)


@pytest.fixture(scope="package")
def influx(county: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with Influx(tmp_path_factory.mktemp("engine")) as engine:
        engine.write(county.lines)
        yield AskedInflux(engine, county)


@pytest.fixture(scope="package")
def engines(victoria: Asked, influx: Asked) -> dict[Engine, Asked]:
    return {Engine.VICTORIAMETRICS: victoria, Engine.INFLUXDB: influx}
