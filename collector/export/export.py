"""The export as a part of a collector: made from its settings, and run beside the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import date

from collector.export.engine import Engine
from collector.export.exporter import Exporter
from collector.export.facts import JudgedFacts
from collector.export.judged import county_of
from collector.export.sending import Sender
from collector.export.stored import StoredLines
from collector.store.storehouse import Storehouse
from collector.store.timetable import milliseconds
from collector.web.showing import Showing
from config.collector_settings import ExportSettings
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)

AFTER_FAULT_SECONDS = 30.0


class NoEngineError(BanjunError):
    """Nothing can be exported: no engine is set up."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有设置时序库；请在 collector.toml 的 [export] 中写上 url，然后重启采集器。",
                "No engine is set up; write its url into [export] of collector.toml and restart "
                "the collector.",
            )
        )


class Export:
    """Without an engine in the settings it does nothing. `areas`: names by adcode."""

    def __init__(
        self,
        settings: ExportSettings,
        house: Storehouse,
        showing: Showing,
        areas: Mapping[str, Text],
    ) -> None:
        self._showing = showing
        self._stored = StoredLines(
            showing.catalog, house.cursor(), house.views, house.archive, house.timetable
        )
        self._exporter: Exporter | None = None
        if not settings.url:
            with house.journal.debts() as debts:
                debts.stop()
            return
        engine = Engine(settings)
        self._exporter = Exporter(
            house.journal,
            house.writer,
            self._stored,
            JudgedFacts(showing, areas),
            engine,
            Sender(engine),
            settings.every,
            lambda: milliseconds(showing.now()),
            time.monotonic,
        )
        log.info("exporting to %s", settings.url)

    async def run(self) -> None:
        """Until it is cancelled, or at once where there is nothing to do."""
        while self._exporter is not None:
            try:
                wait = await asyncio.to_thread(self._round, self._exporter)
            except Exception:
                log.exception("exporting failed; it is tried again in %.0f s", AFTER_FAULT_SECONDS)
                wait = AFTER_FAULT_SECONDS
            await asyncio.sleep(wait)

    def _round(self, exporter: Exporter) -> float:
        self._stored.set_counties(county_of(self._showing.schools()))
        return exporter.round()

    def owe_all(self, since: date) -> int:
        """See Exporter.owe_all. Raises NoEngineError."""
        if self._exporter is None:
            raise NoEngineError
        return self._exporter.owe_all(since)

    def lag(self) -> float | None:
        """See Exporter.lag; None without an engine. Waits for nothing."""
        return None if self._exporter is None else self._exporter.lag()

    def refused(self) -> int | None:
        """See Exporter.refused; None without an engine. Waits for nothing."""
        return None if self._exporter is None else self._exporter.refused()

    def figures(self) -> Mapping[str, object]:
        """For the collector's status; empty without an engine."""
        return {} if self._exporter is None else self._exporter.figures()
