"""Builds what detection needs, and says when it works."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from collector.beat import every
from collector.lan.book import LanBook
from collector.lan.detection import SECONDS, Detection, Sources
from collector.lan.detector import discover
from collector.lan.kept import Kept
from collector.lan.site import Sites
from collector.lan.truth import Truth
from collector.register.model import Watched
from collector.register.register import Register, utc_now
from collector.store import Store
from config.canary_file import load_canaries
from config.lan_file import load_lan_policy
from config.policy_folder import PolicyFolder
from probes.catalog import Catalog

FIRST_SECONDS = 30.0
"""After a start: by then the newest readings have been taken up."""
RETENTION = timedelta(days=190)


class Detecting:
    """One per collector."""

    def __init__(
        self, detection: Detection, truth: Truth, book: LanBook, look_up_every: timedelta
    ) -> None:
        self.detection = detection
        self._truth = truth
        self._book = book
        self._look_up_every = look_up_every

    @classmethod
    def of(
        cls,
        register: Register,
        store: Store,
        catalog: Catalog,
        folder: PolicyFolder,
        sites: Callable[[], Sites],
        now: Callable[[], datetime] = utc_now,
    ) -> Self:
        """Raises PolicyError."""
        policy = load_lan_policy(folder)
        truth = Truth(load_canaries(folder), policy.lookups, now)
        sources = Sources(
            store=store,
            catalog=catalog,
            policy=policy,
            detectors=discover(),
            schools=lambda: [school.code for school in register.schools(register.today())],
            sites=sites,
            answers=lambda: truth.answers,
            now=now,
            retention=RETENTION,
        )
        book = LanBook(register.database)
        return cls(Detection(register, sources), truth, book, policy.lookups.every)

    def findings(self, school: str | None = None) -> Mapping[Watched, Kept]:
        """What is not over, of one school or of all."""
        return self._book.findings(school)

    def beats(self) -> Sequence[Coroutine[None, None, None]]:
        look_up_every = self._look_up_every.total_seconds()
        return (
            every(SECONDS, self.detection.work, first=FIRST_SECONDS),
            every(look_up_every, self._truth.look, first=FIRST_SECONDS),
        )
