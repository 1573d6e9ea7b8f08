"""A real collector beside a real VictoriaMetrics that is killed, away, or out of disk: afterwards
the engine holds exactly what journal and archive hold."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.__main__ import main
from collector.commands.client import ask
from tests.durability.ballast import Ballast
from tests.durability.beside import SEAL_SECONDS, Site
from tests.durability.contents import file_kinds
from tests.lab.victoria import Victoria

pytestmark = [pytest.mark.long, pytest.mark.server]

FREE_BYTES = 8_000_000
ROOM_BYTES = 2_000_000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Victoria]:
    with Victoria(tmp_path) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, engine: Victoria) -> Iterator[Site]:
    with closing(Site(tmp_path, engine)) as made:
        yield made


def test_engine_killed_again_and_again_holds_all_in_the_end(site: Site) -> None:
    for _ in range(4):
        site.push_for(1.5)
        site.engine.end(signal.SIGKILL)
        site.push_for(0.5)
        site.engine.start()
    site.push_for(0.5)
    site.check()


def test_engine_that_was_away_over_several_sealings_holds_all_in_the_end(site: Site) -> None:
    site.push_for(1)
    site.engine.end(signal.SIGTERM)
    site.push_for(4 * SEAL_SECONDS)
    assert ask(site.data_dir, "/v1/status")["export_owed_files"] >= 2
    site.engine.start()
    site.check()
    assert "part" in file_kinds(site.data_dir)


def test_collector_and_engine_that_are_both_killed_agree_in_the_end(site: Site) -> None:
    for _ in range(3):
        site.push_for(1)
        site.engine.end(signal.SIGKILL)
        site.push_for(0.5)
        site.collector.end(signal.SIGKILL)
        site.engine.start()
        site.collector.start()
        site.senders.close()
    site.check()


def test_engine_that_lost_its_disk_gets_everything_again(site: Site) -> None:
    site.push_for(2 * SEAL_SECONDS)
    site.told_all()
    site.engine.end(signal.SIGKILL)
    site.engine.wipe()
    site.engine.start()
    site.push_for(0.5)
    assert main(["export", "--since", "2020-01-01", "--data-dir", str(site.data_dir)]) == 0
    site.check()


@pytest.mark.root
def test_engine_with_a_full_disk_holds_all_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    flags = f"-storage.minFreeDiskSpaceBytes={FREE_BYTES}"
    ballast = Ballast(small_disk)
    with (
        Victoria(small_disk, flags) as engine,
        closing(Site(tmp_path, engine)) as site,
    ):
        site.push_for(1)
        ballast.leave(FREE_BYTES - ROOM_BYTES)
        site.push_for(2 * SEAL_SECONDS)
        trouble = ask(site.data_dir, "/v1/status")["export_trouble"]
        assert "read-only" in trouble["en"]
        ballast.drop()
        site.check()
