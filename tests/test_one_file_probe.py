"""The promise of docs/adding-a-probe.md: one file and one test, and the probe is everywhere.

It is kept in a copy of the repository, by the programs of that copy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import ProxyHandler, Request, build_opener

import duckdb
import pytest

from config.enrolment import Enrolment

T = TypeVar("T")

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "collector", "config", "docs", "grafana", "probes", "tests/probes")
FILES = (
    "pyproject.toml",
    *(f"tests/{n}.py" for n in ("__init__", "conftest", "garbage", "stalls")),
)
SCHOOL = "9934000001"
PATIENCE_SECONDS = 30.0

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
        child = self.start(*arguments)
        output, errors = child.communicate(timeout=60)
        assert child.returncode == 0, output + errors
        return output

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`python -m ...` in the copy, whose own packages come first."""
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
        environment["PYTHONDONTWRITEBYTECODE"] = ""  # compiled once, not at each start
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """With the two new files, and after the one command that docs/adding-a-probe.md asks for."""
    folder = tmp_path_factory.mktemp("house")
    for name in FOLDERS:
        # Left out: bytecode that another test is just writing, and that is gone the next moment.
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    for name, text in ADDED.items():
        assert not (folder / name).exists()
        (folder / name).write_text(text, "utf-8")
    made = House(folder)
    made.run("probes", "docs")
    return made


def test_new_probe_is_in_the_catalog(house: House) -> None:
    listed = json.loads(house.run("probes", "list", "--json"))
    (described,) = (probe for probe in listed if probe["name"] == "bus_devices")
    assert described["labels"] == ["bus"]
    assert [metric["name"] for metric in described["metrics"]] == ["device_count"]


def test_new_probe_has_its_page_and_nothing_else_was_edited(house: House) -> None:
    page = (house.folder / "docs/probes/bus_devices.md").read_text("utf-8")
    assert "总线上的设备 · Devices on buses" in page
    assert "`device_count`" in page
    pages = {"docs/probes/README.md", "docs/probes/bus_devices.md"}
    assert differing(house.folder) == {*ADDED, *pages}


def differing(folder: Path) -> set[str]:
    """Files of the copy that the original lacks or has otherwise."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    names = (path.relative_to(folder) for path in files)
    return {
        name.as_posix()
        for name in names
        if not (ROOT / name).exists() or (ROOT / name).read_bytes() != (folder / name).read_bytes()
    }


def test_new_probe_passes_its_own_tests_and_those_of_every_probe(house: House) -> None:
    names = ("tests/probes/test_bus_devices.py", "tests/probes/test_contract.py")
    report = house.run("pytest", "-vv", "-p", "no:cacheprovider", *names)
    own = re.findall(r"test_bus_devices\.py::(\w+) PASSED", report)
    assert own == ["test_devices_are_counted_by_bus", "test_every_metric_was_seen"]
    assert rules_kept_by("bus_devices", report) == rules_kept_by("uptime", report) != set()


def rules_kept_by(probe: str, report: str) -> set[str]:
    """The contract's tests that passed for `probe` or one of its metrics."""
    return set(re.findall(rf"test_contract\.py::(\w+)\[(?:\S+-)?{probe}\S*\] PASSED", report))


class Collector:
    """A collector of the copy, with an agent of one school; asked and told over HTTP."""

    def __init__(self, house: House, data_dir: Path) -> None:
        self._house = house
        self._data_dir = data_dir
        place = ("--data-dir", str(data_dir))
        house.run("collector", "schools", "import", "config/examples/county.csv", *place)
        self._process = house.start("collector", "serve", "--port", "0", *place)
        self._url = until(self._address)

    def _address(self) -> str | None:
        path = self._data_dir / "serving.json"
        return str(json.loads(path.read_text("utf-8"))["url"]) if path.exists() else None

    def enrol(self) -> dict[str, str]:
        """The identity of a new agent at SCHOOL."""
        place = ("--data-dir", str(self._data_dir))
        made = json.loads(self._house.run("collector", "token", "create", SCHOOL, "--json", *place))
        token = Enrolment.parse(made["enrolment"]).token
        identity = self.post("/v1/enrol", {"v": 1, "token": token, "nonce": "a" * 16})
        return dict(identity)

    def post(self, path: str, message: dict[str, Any], key: str = "") -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        body = json.dumps(message).encode()
        return json.loads(self._asked(Request(self._url + path, body, headers)))

    def newest(self, metric: str) -> list[dict[str, Any]] | None:
        key = (self._data_dir / "admin.key").read_text("ascii").strip()
        asked = f"/v1/query?metric={metric}&statistic=latest&by=agent,bus"
        headers = {"Authorization": f"Bearer {key}"}
        return json.loads(self._asked(Request(self._url + asked, headers=headers))) or None

    def page(self, path: str) -> str:
        return self._asked(Request(self._url + path, headers={"Accept-Language": "zh-CN"}))

    @staticmethod
    def _asked(request: Request) -> str:
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())

    def sealed(self, probe: str, columns: str) -> list[Any]:
        """Stop it, which seals, and read the probe's Parquet table as any other tool does."""
        self.stop()
        files = str(self._data_dir / "archive" / probe / "*.parquet")
        with duckdb.connect() as db:
            return db.execute(f"SELECT {columns} FROM read_parquet('{files}')").fetchall()

    def stop(self) -> None:
        if self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        _, errors = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == 0, errors


@pytest.fixture
def collector(house: House, tmp_path: Path) -> Iterator[Collector]:
    started = Collector(house, tmp_path / "data")
    yield started
    started.stop()


def test_reading_of_new_probe_is_stored_answered_and_shown(collector: Collector) -> None:
    agent = collector.enrol()
    now = time.time_ns() // 1_000_000
    reading = {
        "probe": "bus_devices", "at": now, "labels": {"bus": "usb"}, "values": {"device_count": 37},
    }  # fmt: skip
    batch = {"session": "one-file", "seq": 0, "readings": [reading]}
    push = {"v": 1, "school": SCHOOL, "session": "one-file", "wall": now, "batches": [batch]}
    reply = collector.post("/v1/push", push, f"{agent['agent']}.{agent['key']}")
    assert [ack["result"] for ack in reply["acks"]] == ["stored"], reply

    (row,) = until(lambda: collector.newest("bus_devices.device_count"))
    assert (row["agent"], row["bus"], row["value"]) == (agent["agent"], "usb", 37)

    page = collector.page(f"/schools/{SCHOOL}")
    table = page.partition("<code>bus_devices</code>")[2].partition("</details>")[0]
    assert "<b>总线上的设备</b> <code>bus_devices</code>" in page
    assert '<td data-label="bus">usb</td>' in table
    assert '<td data-label="总线设备数" class="number"><span>37</span></td>' in table

    assert collector.sealed("bus_devices", "agent, bus, device_count") == [
        (agent["agent"], "usb", 37.0)
    ]


def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < end, f"{look} found nothing in {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.05)
    return found
