"""What the register and the files say about each source, and what that says about a school."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from collector.logs.book import LogBook
from collector.logs.folder import LogFolder
from collector.logs.own import OwnLog
from collector.logs.proof import Days, LogState, Proof, prove
from collector.logs.seal import Kind, Seal, instant_or_none
from collector.logs.source import LogSource
from config.log_file import LogPolicy
from probes.text import Text


@dataclass(frozen=True, slots=True)
class LogStanding:
    """Of a school: the worst of its sources.

    Attributes:
        days_kept: without a missing day up to yesterday; None without a source.
        missing_days: of all sources together, of the days that are required before today.
        sources: how many are registered to it.
        proven: each source is; None without a source, when nothing is known.
        forecast: the first day on which all are if nothing more is missed; None if they are, and
            without a source.
        newest: when the last line came, aware; None if none ever did.
    """

    days_kept: int | None
    missing_days: int
    sources: int
    proven: bool | None
    forecast: date | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class SourceProof:
    """Attributes:
    school: its code; empty for gear of the county and for Banjun's own records.
    newest: when the last line came; None if none ever did.
    """

    name: str
    school: str
    note: Text
    addresses: tuple[str, ...]
    silent_days: int
    proof: Proof
    newest: datetime | None


class LogEvidence:
    """Reads afresh at each question; it may block."""

    def __init__(
        self,
        book: LogBook,
        folder: LogFolder,
        policy: LogPolicy,
        clock: Callable[[], datetime],
        own: Iterable[OwnLog] = (),
    ) -> None:
        self._book = book
        self._folder = folder
        self._policy = policy
        self._clock = clock
        self._own = tuple(own)

    def of(self, school: str) -> LogStanding:
        """Of the sources registered to the school with that code."""
        return standing([one for one in self.sources() if one.school == school])

    def by_school(self) -> Mapping[str, LogStanding]:
        """As `of`, for all schools that have a source, from one look at the register."""
        found = defaultdict(list)
        for one in self.sources():
            found[one.school].append(one)
        return {school: standing(sources) for school, sources in found.items()}

    def sources(self) -> list[SourceProof]:
        """Registered ones by name, then Banjun's own."""
        days, newest = self._look()
        registered = [
            self._source(one, days.get(one.name, Days(())), newest.get(one.name))
            for one in self._book.sources()
        ]
        return [*registered, *(self._own_source(one) for one in self._own)]

    def _source(self, source: LogSource, days: Days, newest: datetime | None) -> SourceProof:
        silent = source.silent_days or self._policy.silent_days
        return SourceProof(
            name=source.name,
            school=source.school,
            note=Text(source.note, source.note),
            addresses=source.addresses,
            silent_days=silent,
            proof=self._prove(days, self._policy.today(self._clock()), silent),
            newest=newest,
        )

    def _own_source(self, own: OwnLog) -> SourceProof:
        days = own.days()
        silent = own.silent_days or self._policy.silent_days
        return SourceProof(
            name=own.name,
            school="",
            note=own.title,
            addresses=(),
            silent_days=silent,
            proof=self._prove(Days(days.keys()), self._clock().astimezone(UTC).date(), silent),
            newest=max((day.last_at for day in days.values()), default=None),
        )

    def _prove(self, days: Days, today: date, silent_days: int) -> Proof:
        return prove(days, today, self._policy.required_days, silent_days)

    def _look(self) -> tuple[Mapping[str, Days], Mapping[str, datetime]]:
        """By source: its days, and when its last line came."""
        # Files first: what is sealed meanwhile is then seen twice, not missed.
        files = [file for file in self._folder.arrived() if file.bytes]
        waiting = list(self._waiting())
        seals = self._book.seals()
        days = self._days(seals, [*((file.source, file.day) for file in files), *waiting])
        heard = [(file.source, datetime.fromtimestamp(file.written_at, UTC)) for file in files]
        for seal in seals:
            if (at := instant_or_none(seal.content.last_at)) is not None:
                heard.append((seal.part.source, at))
        newest: dict[str, datetime] = {}
        for source, at in heard:
            newest[source] = max(at, newest.get(source, at))
        return days, newest

    def _days(self, seals: Iterable[Seal], open_: Iterable[tuple[str, date]]) -> dict[str, Days]:
        """`open_`: source and day of what is not sealed yet."""
        kept, damaged, deleted = (defaultdict[str, set[date]](set) for _ in range(3))
        for source, day in open_:
            kept[source].add(day)
        faulty = {number for number, looked in self._book.looked().items() if looked.fault}
        for seal in seals:
            if seal.kind is Kind.DELETED:
                deleted[seal.part.source].add(seal.part.day)
            elif seal.number in faulty:
                damaged[seal.part.source].add(seal.part.day)
            elif seal.content.lines:
                kept[seal.part.source].add(seal.part.day)
        names = kept.keys() | damaged.keys() | deleted.keys()
        return {
            name: Days(kept[name], damaged[name] - deleted[name], deleted[name]) for name in names
        }

    def _waiting(self) -> Iterator[tuple[str, date]]:
        for part, path in self._folder.taken():
            with suppress(FileNotFoundError):  # sealed meanwhile
                if path.stat().st_size:
                    yield part.source, part.day


def standing(sources: Sequence[SourceProof]) -> LogStanding:
    """Of all of them together, such as those of a school."""
    proofs = [one.proof for one in sources]
    heard = [one.newest for one in sources if one.newest is not None]
    forecasts = [proof.forecast for proof in proofs if proof.forecast is not None]
    return LogStanding(
        days_kept=min((proof.days_kept for proof in proofs), default=None),
        missing_days=sum(proof.missing_days for proof in proofs),
        sources=len(proofs),
        proven=all(proof.state is LogState.PROVEN for proof in proofs) if proofs else None,
        forecast=max(forecasts, default=None),
        newest=max(heard, default=None),
    )
