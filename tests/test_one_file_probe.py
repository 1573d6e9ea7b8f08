"""The promise of docs/adding-a-probe.md: one file and one test, and the probe is everywhere.

It is kept in a copy of the house, by the programs of that copy; nothing here imports them.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import duckdb
import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("agent", "collector", "config", "docs", "grafana", "probes", "tests/probes")
COPIED_FILES = ("pyproject.toml", "tests/__init__.py", "tests/conftest.py")
SCHOOL = "9934000001"
START_SECONDS = 30.0

NEW_PROBE = '''\
"""How many devices this machine sees on each of its buses."""

from __future__ import annotations

from pathlib import Path

from probes.model import (
    Better,
    Metric,
    NoSettings,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
)
from probes.text import Text

BUSES = Path("/sys/bus")
DEVICE_COUNT = Metric(
    name="device_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("总线设备数", "Devices on the bus"),
    meaning=Text("内核在该总线上登记的设备数。", "Devices that the kernel lists on the bus."),
    resolution=1,
    minimum=0,
)


class BusDevices(Probe[NoSettings]):
    name = "bus_devices"
    title = Text("总线上的设备", "Devices on buses")
    about = Text("数 /sys/bus 下的登记项。", "Counts the entries below /sys/bus.")
    limits = Text("不说明设备是否正常。", "It does not say whether they work.")
    measures = (DEVICE_COUNT,)
    labels = {"bus": Text("总线名称", "Name of the bus")}
    roles = frozenset({Role.GATEWAY, Role.PC})

    async def measure(self, target: Target) -> list[Reading]:
        if not BUSES.is_dir():
            raise ProbeError("no_source")
        return [
            Reading.ok({DEVICE_COUNT: len(list(bus.glob("devices/*")))}, {"bus": bus.name})
            for bus in sorted(BUSES.iterdir())
        ]
'''

NEW_TEST = """\
from probes.instruments import bus_devices
from probes.instruments.bus_devices import DEVICE_COUNT, BusDevices
from probes.model import NoSettings


async def test_devices_are_counted_by_bus(tmp_path, monkeypatch, measure):
    for device in ("1-1", "1-2"):
        (tmp_path / "usb" / "devices" / device).mkdir(parents=True)
    monkeypatch.setattr(bus_devices, "BUSES", tmp_path)
    (reading,) = await measure(BusDevices(NoSettings()))
    assert (reading.labels, reading.values) == ({"bus": "usb"}, {DEVICE_COUNT: 2})


def test_every_metric_was_seen(assert_all_metrics_covered):
    assert_all_metrics_covered(BusDevices)
"""

ADDED = {
    "probes/instruments/bus_devices.py": NEW_PROBE,
    "tests/probes/test_bus_devices.py": NEW_TEST,
}


@dataclass(frozen=True)
class House:
    """A copy of this repository to which a probe was added."""

    folder: Path

    def run(self, *arguments: str) -> str:
        """What `python -m ...` of the copy prints; it must end well."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """Nothing on the way to the copy's own packages."""
        return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """With the two new files, and after the one command that docs/adding-a-probe.md asks for."""
    folder = tmp_path_factory.mktemp("house")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    for name in COPIED_FILES:
        shutil.copy2(ROOT / name, folder / name)
    for name, text in ADDED.items():
        assert not (folder / name).exists()
        (folder / name).write_text(text, "utf-8")
    made = House(folder)
    made.run("probes", "docs")
    return made


def test_new_probe_is_in_the_catalog(house: House) -> None:
    listed = json.loads(house.run("probes", "list", "--json", "--lang", "en"))
    (described,) = (probe for probe in listed if probe["name"] == "bus_devices")
    assert described["labels"] == ["bus"]
    assert [metric["name"] for metric in described["metrics"]] == ["device_count"]


def test_new_probe_has_its_page_and_nothing_else_was_edited(house: House) -> None:
    page = (house.folder / "docs/probes/bus_devices.md").read_text("utf-8")
    assert "总线上的设备 · Devices on buses" in page
    assert "`device_count`" in page
    pages = {"docs/probes/README.md", "docs/probes/bus_devices.md"}
    assert _differing(house.folder) == {*ADDED, *pages}


def test_new_probe_passes_its_own_test_and_that_of_every_probe(house: House) -> None:
    tests = ("tests/probes/test_bus_devices.py", "tests/probes/test_contract.py")
    # Of the contract only what is about the new probe; the rest is tested where it lives.
    report = house.run(
        "pytest", "-vv", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *tests
    )
    assert "FAILED" not in report
    for rule in ("words_are_there", "probe_has_tests", "page_is_current", "name_carries_its_unit"):
        assert re.search(rf"{rule}\w*\[bus_devices[\w.]*\] PASSED", report), report


def _differing(folder: Path) -> set[str]:
    """Files of the copy that the original lacks or has otherwise."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    names = (path.relative_to(folder) for path in files)
    return {
        name.as_posix()
        for name in names
        if not (ROOT / name).exists() or (ROOT / name).read_bytes() != (folder / name).read_bytes()
    }


class Collector:
    """A collector of the copy, on an example county and a free port."""

    def __init__(self, house: House, data_dir: Path) -> None:
        self._house = house
        self._data_dir = data_dir
        place = ("--data-dir", str(data_dir), "--lang", "en")
        house.run("collector", "schools", "import", "config/examples/county.csv", *place)
        self._process = subprocess.Popen(
            house.command("collector", "serve", "--port", "0", *place),
            cwd=house.folder,
            env=house.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
