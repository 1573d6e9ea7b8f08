"""What is lent to agents, put together: the role sentinel, and leave to load a school's line."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from collector.fleet.fleet import Fleet
from collector.fleet.leasing import Leasing
from collector.fleet.sentinels import Sentinels
from collector.measure.book import Book
from collector.measure.lending import Lending, Server
from collector.register.directory import AgentDirectory
from config.calendar import Calendar
from config.collector_settings import CollectorSettings
from config.measuring_file import load_measuring
from config.policy_folder import policies_of


class Loans:
    """`book` is to be closed at the end. Raises PolicyError."""

    def __init__(
        self,
        data_dir: Path,
        settings: CollectorSettings,
        secret: bytes,
        *,
        directory: AgentDirectory,
        fleet: Fleet,
        calendar: Calendar,
        now: Callable[[], datetime],
    ) -> None:
        def may(agent_id: str) -> bool:
            agent = directory.find(agent_id)
            return agent is not None and not agent.revoked

        self.book = Book(data_dir / "measure.sqlite3")
        self.leasing = Leasing(
            Sentinels(time.monotonic, self.book.holders(), may),
            lambda agent: fleet.config(agent).push_every,
            self.book.hold,
        )
        self.lending = Lending(
            server=Server(
                host=settings.measure_host,
                port=settings.measure_port,
                bits_per_second=settings.measure_mbit * 1e6,
                secret=secret,
            ),
            policy=load_measuring(policies_of(data_dir)),
            calendar=calendar,
            book=self.book,
            schools=fleet.schools,
            sentinel=self.leasing.holder,
            now=now,
            monotonic=time.monotonic,
        )
