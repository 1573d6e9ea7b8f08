"""Processes that are forked from one that has imported everything: a start costs a fraction of a
second, so that a collector can be killed often. What runs in them is what is shipped."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from collector.app import Collector, milliseconds
from collector.site_lock import SiteLock
from collector.store.storehouse import Storehouse, today
from config.collector_settings import CollectorSettings
from probes.catalog import discover
from tests.collector.store.vocabulary import CATALOG
from tests.durability.processes import PATIENCE
from tests.durability.programs import add_instruments
from tests.durability.sample import LESSON

RETENTION_DAYS = 10_000


def child(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """A started process that runs `target`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tests.durability.warmed"])
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


async def collector_on(data_dir: Path, port: int, *, restless: bool) -> BaseProcess:
    """A started collector, once it listens; a restless one seals and merges all the time."""
    process = child(serve, str(data_dir), port, restless)
    serving = data_dir / "serving.json"
    async with asyncio.timeout(PATIENCE):
        while not serving.exists() or json.loads(serving.read_text())["pid"] != process.pid:
            assert process.is_alive()
            await asyncio.sleep(0.01)
    return process


def serve(data_dir: str, port: int, restless: bool) -> None:
    logging.basicConfig(filename=Path(data_dir).with_name("collector.log"), level=logging.INFO)
    add_instruments()
    settings = CollectorSettings(port=port, seal_every=3600, judge_every=3600)
    with SiteLock(Path(data_dir) / "lock"):
        collector = Collector(settings, Path(data_dir), discover())
        maintaining = threading.Thread(target=_maintain, args=(collector.house,), daemon=True)
        asyncio.run(_run(collector, maintaining if restless else None))


async def _run(collector: Collector, maintaining: threading.Thread | None) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await collector.run(stop, lambda _: maintaining.start() if maintaining else None)


def _maintain(house: Storehouse) -> None:
    """Today included."""
    while True:
        house.seal()
        merge_all(house)
        time.sleep(0.02)


def die_after(data_dir: str, work: str, steps: int) -> None:
    """Seal or merge, and be killed when so many steps are done."""
    done = 0

    def step(_: str) -> None:
        nonlocal done
        done += 1
        if done == steps:
            os.kill(os.getpid(), signal.SIGKILL)

    house = Storehouse(Path(data_dir), CATALOG, milliseconds, step=step)
    WORK[work](house)


def merge_all(house: Storehouse) -> None:
    """Every day, with its roll-up."""
    house.store.set_periods([LESSON])
    house.merge(today() + timedelta(days=2), RETENTION_DAYS)


WORK: dict[str, Callable[[Storehouse], object]] = {
    "seal": Storehouse.seal,
    "merge": merge_all,
}
