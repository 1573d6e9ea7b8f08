"""What a school does to an agent: nothing of it ends the agent, and nothing measured meanwhile is
lost without a gap that says so. Half an hour takes seconds here, see survivor.py."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from tests.durability.ballast import Ballast
from tests.durability.contents import copied
from tests.durability.processes import free_port, wait_until
from tests.durability.survival import TASKS, Site

pytestmark = pytest.mark.long

MakeSite = Callable[..., Site]

ROUND = len(TASKS)
LIBRARIES = Path("/usr/lib")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeSite]:
    made: list[Site] = []

    def site(**given: object) -> Site:
        made.append(Site(tmp_path, **given))  # type: ignore[arg-type]
        return made[-1]

    yield site
    for one in made:
        one.close()


def command(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[str]:
    """A network with nothing in it but a loopback interface that is down."""
    name = f"banjun-{free_port()}"
    own = Path("/etc/netns") / name
    own.mkdir(parents=True)
    for file, content in {
        "hosts": "",
        "resolv.conf": "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n",
    }.items():
        (own / file).write_text(content)
    command("ip", "netns", "add", name)
    yield name
    command("ip", "netns", "delete", name)
    shutil.rmtree(own)


def inside(namespace: str, *words: str) -> None:
    command("ip", "netns", "exec", namespace, *words)


@pytest.mark.root
@pytest.mark.server("ip")
def test_agent_that_starts_without_a_network_measures_and_delivers_later(
    make: MakeSite, namespace: str
) -> None:
    site = make(namespace=namespace)
    site.start()
    site.measure(2 * ROUND)
    assert "push failed" in site.said()
    inside(namespace, "ip", "link", "set", "lo", "up")
    site.collector.start()
    site.deliver()
    site.settle()
    assert (site.lost(), site.gaps()) == (0, {})


@pytest.mark.root
@pytest.mark.server("ip", "openssl")
def test_dead_name_server_holds_up_delivery_and_no_measurement(
    make: MakeSite, namespace: str
) -> None:
    inside(namespace, "ip", "link", "set", "lo", "up")
    # What is sent there is never answered: the resolver waits as long as it ever does.
    inside(namespace, "ip", "route", "add", "192.0.2.0/24", "dev", "lo")
    site = make(namespace=namespace, host="collector.example")
    site.collector.start()
    site.start()
    began = time.monotonic()
    site.measure(3 * ROUND)
    assert time.monotonic() - began < 10
    assert not site.stored()
    (Path("/etc/netns") / namespace / "hosts").write_text("127.0.0.1 collector.example\n")
    site.deliver()
    site.settle()
    assert (site.lost(), site.gaps()) == (0, {})


def faketime() -> Path:
    found = sorted(LIBRARIES.glob("*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("needs libfaketime (tests/debian-packages.txt says which package)")
    return found[0]


def test_clock_at_1970_costs_nothing_nor_does_setting_it_right_or_wrong(
    make: MakeSite, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("@1970-01-01 00:00:30\n")
    site = make(
        environment={
            "LD_PRELOAD": str(faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # as on a PC whose battery is dead
        }
    )
    began = time.time() * 1000
    site.start()
    site.measure(2 * ROUND)
    site.collector.start()
    site.deliver()
    clock.write_text("+0\n")
    wait_until(lambda: site.said().count("wall clock was set") == 1, "the agent notices")
    site.measure(ROUND)
    clock.write_text("-3600\n")  # and somebody sets it wrong again
    wait_until(lambda: site.said().count("wall clock was set") == 2, "the agent notices")
    site.measure(2 * ROUND)
    site.deliver()
    site.settle()
    assert (site.lost(), site.gaps()) == (0, {})
    assert "1970" in site.said()
    assert began - 1000 <= min(instants(site)) <= max(instants(site)) <= time.time() * 1000 + 1000


def instants(site: Site) -> list[float]:
    """When the collector says that its readings were taken, ms."""
    with copied(site.data_dir / "journal.sqlite3") as db:
        files = [str(site.data_dir / "archive" / path) for (path,) in
                 db.execute("SELECT path FROM file WHERE kind <> 'hour'")]  # fmt: skip
    with duckdb.connect() as db:
        return [at for (at,) in db.execute(
            'SELECT epoch_ms("at") FROM read_parquet($1)', [files]).fetchall()]  # fmt: skip


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    command("mount", "--bind", str(folder), str(folder))
    command("mount", "-o", "remount,bind,ro", str(folder))
    try:
        yield
    finally:
        command("umount", "--lazy", str(folder))


def test_read_only_state_is_named_and_bridged_in_memory(make: MakeSite) -> None:
    site = make()
    site.collector.start()
    with read_only(site.state_dir):
        site.start()
        site.measure(2 * ROUND)
        assert f"The state directory {site.state_dir} cannot be written" in site.said()
        assert site.run("once") == 3  # the lock holds without a file to write
        site.deliver()
        site.settle()
    assert (site.lost(), site.gaps()) == (0, {})


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system does not let root mount a tmpfs")
    yield place
    command("umount", "--lazy", str(place))


@pytest.mark.root
def test_full_disk_is_bridged_and_nothing_is_lost(make: MakeSite, tiny_disk: Path) -> None:
    site = make(state_dir=tiny_disk / "state")
    site.start()
    site.measure(ROUND)
    ballast = Ballast(tiny_disk)
    with suppress(OSError):  # The agent writes as well, and the disk is full all the same.
        ballast.leave(0)
    wait_until(lambda: "bridging in memory" in site.said(), "the disk is felt to be full")
    site.measure(2 * ROUND)
    ballast.drop()
    wait_until(lambda: "uses its disk again" in site.said(), "the disk is used again")
    site.collector.start()
    site.deliver()
    site.settle()
    assert site.lost() == site.gaps().total()
    assert site.lost() == 0


def test_stopped_agent_makes_up_for_nothing_and_looks_and_delivers_at_once(
    make: MakeSite,
) -> None:
    site = make(every=86_400.0)
    site.collector.start()
    site.start()
    site.measure(ROUND)  # the first round
    site.deliver()
    assert site.agent is not None
    site.agent.send_signal(signal.SIGSTOP)
    time.sleep(4)
    site.agent.send_signal(signal.SIGCONT)
    wait_until(lambda: len(site.taken()) >= 2 * ROUND, "one more round")
    site.deliver()
    absences = site.said().count("machine slept, or the agent was stopped")
    assert absences >= 1
    assert len(site.taken()) == ROUND * (1 + absences)
    site.settle()
    assert (site.lost(), site.gaps()) == (0, {})


def test_missed_rounds_are_left_out_after_a_stop(make: MakeSite) -> None:
    site = make()
    site.collector.start()
    site.start()
    site.measure(2 * ROUND)
    assert site.agent is not None
    site.agent.send_signal(signal.SIGSTOP)
    time.sleep(5)
    before = len(site.taken())
    site.agent.send_signal(signal.SIGCONT)
    time.sleep(0.9)
    # One of each that was due, one of each because time passed, and what is due by now.
    assert ROUND <= len(site.taken()) - before <= 3 * ROUND
    site.deliver()
    site.settle()
    assert (site.lost(), site.gaps()) == (0, {})
