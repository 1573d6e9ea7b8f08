"""What people sign and who reads details, as one part of a running collector.

Its work goes on as long as the application that it was added to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from collector.access.book import AccessBook
from collector.access.recording import Recording
from collector.alert.channel import load_channels
from collector.alert.send import send
from collector.attest.clerk import Clerk
from collector.attest.reminding import SECONDS, Reminding
from collector.beat import every
from collector.judge.judge import read_policies
from collector.register.register import Register
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.attests import AttestPages
from collector.web.showing import Showing
from config.policy_folder import policies_of
from config.record_file import load_record_rules

log = logging.getLogger(__name__)

SEAL_SECONDS = 600.0


class Paperwork:
    """`clerk` is what judging asks for papers; `access_book` is what the log proof counts."""

    def __init__(
        self, register: Register, data_dir: Path, showing: Showing, public_url: str
    ) -> None:
        folder = policies_of(data_dir)
        self._rules = load_record_rules(folder)
        self._showing = showing
        self.clerk = Clerk(register, data_dir, read_policies(folder).duties, showing.now)
        self.access_book = AccessBook(register.database, showing.now)
        self._reminding = Reminding(
            register,
            self.clerk,
            showing.calendar,
            self._rules,
            showing.alert_policy.routes,
            load_channels(data_dir),
            send,
            public_url=public_url,
            clock=showing.now,
        )

    def add_to(self, application: web.Application, key: AdminKey, access: Access) -> None:
        """Before the pages, whose last route answers whatever else is asked for."""
        application.middlewares.append(Recording(self.access_book, key).middleware)
        pages = AttestPages(self._showing, access, key, self.clerk)
        application.add_routes(pages.routes())
        application.cleanup_ctx.append(self._working)

    def seal_days(self) -> None:
        """Seal the days of the access log that are over; delete those that are old enough."""
        self.access_book.seal_days()
        self.access_book.drop_days(self._rules.access_days)

    async def _working(self, _: web.Application) -> AsyncIterator[None]:
        beats = [
            asyncio.create_task(every(SECONDS, self._reminding.work)),
            asyncio.create_task(every(SEAL_SECONDS, self.seal_days)),
        ]
        yield
        for beat in beats:
            beat.cancel()
        for beat in beats:
            with suppress(asyncio.CancelledError):
                await beat
