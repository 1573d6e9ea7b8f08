"""Whatever order things happen in, the store holds what a dictionary would hold.

Pushes, repetitions, sealings, merges, restarts and crashes in any order; the dictionary keeps the
first content of each (agent, session, number), and nothing else.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from probes.wire import MAX_BATCHES, Ack, Batch, Record, digest, pack, records, unpack
from tests.durability.children import merge_all
from tests.durability.contents import NUMBER, Row, stored, strangers
from tests.durability.intake import Intake, milliseconds
from tests.durability.sample import answered

DAY_MS = 24 * 3600 * 1000
NOTHING = pack([], {})
AGENTS = st.sampled_from(["a1", "a2"])
SEQS = st.lists(st.integers(0, 5), min_size=1, max_size=3)
Key = tuple[str, str, int]


def record(number: int, at: int) -> Record:
    """A reading of one of two probes, on one of three days."""
    at -= DAY_MS * (number % 3)
    if number % 2:
        return Record(probe="echo", at=at, values={"rtt_seconds": float(number)})
    values = {"received_bits_per_second": float(number)}
    return Record(probe="rate", at=at, values=values, labels={"interface": "eth0"})


def sealed(seq: int, body: bytes) -> Batch:
    return Batch(session="session-1", seq=seq, sha256=digest(body), body=body)


class StoreModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(mkdtemp(prefix="banjun-model-"))
        self._generation = 0
        self._number = 0
        self._known: dict[Key, Batch] = {}
        self._loop = asyncio.Runner()
        self._open()

    @property
    def _data_dir(self) -> Path:
        return self._folder / str(self._generation)

    def _open(self) -> None:
        self._intake = Intake(self._data_dir)
        self._loop.run(self._intake.__aenter__())

    def _close(self) -> None:
        self._loop.run(self._intake.__aexit__(None, None, None))

    def teardown(self) -> None:
        assert strangers(self._data_dir) == []
        self._close()
        self._loop.close()
        shutil.rmtree(self._folder)

    def _made(self, seq: int) -> Batch:
        """A batch that was never made before: one to three readings."""
        first, self._number = self._number, self._number + 1 + seq % 3
        now = milliseconds()
        return sealed(seq, pack([record(n, now) for n in range(first, self._number)], {}))

    def _push(self, agent: str, batches: Sequence[Batch]) -> list[str]:
        acks: list[Ack] = self._loop.run(self._intake.push(agent, batches))
        assert [ack.seq for ack in acks] == [batch.seq for batch in batches]
        return [ack.result for ack in acks]

    @rule(agent=AGENTS, seqs=SEQS)
    def push(self, agent: str, seqs: list[int]) -> None:
        """New content: stored for a new number, and refused or passed over for a known one."""
        batches = [self._made(seq) for seq in seqs]
        for batch, result in zip(batches, self._push(agent, batches), strict=True):
            key = (agent, batch.session, batch.seq)
            assert (result == "stored") == (key not in self._known)
            self._known.setdefault(key, batch)

    @precondition(lambda self: self._known)
    @rule(agent=AGENTS)
    def resend(self, agent: str) -> None:
        """All that an agent ever sent, as if no answer had reached it."""
        batches = [batch for (sender, _, _), batch in self._known.items() if sender == agent]
        for start in range(0, len(batches), MAX_BATCHES):
            results = self._push(agent, batches[start : start + MAX_BATCHES])
            assert set(results) == {"duplicate"}

    @rule(agent=AGENTS, seqs=SEQS)
    def push_twice_at_once(self, agent: str, seqs: list[int]) -> None:
        """An agent whose first connection hangs: both get the same answer."""
        batches = [self._made(seq) for seq in sorted({*seqs})]

        async def both() -> list[list[Ack]]:
            pushes = [self._intake.push(agent, batches) for _ in range(2)]
            return list(await asyncio.gather(*pushes))

        one, other = self._loop.run(both())
        assert [a.result for a in one] == [a.result for a in other]
        for batch in batches:
            self._known.setdefault((agent, batch.session, batch.seq), batch)

    @rule(agent=AGENTS, seq=st.integers(20, 29))
    def push_what_must_be_refused(self, agent: str, seq: int) -> None:
        """Out of bounds, empty, and damaged: none of them hurts the good one beside it."""
        bad = Record(probe="echo", at=milliseconds(), values={"loss_ratio": 2.0})
        damaged = self._made(seq + 2)
        damaged.sha256 = bytes(32)
        good = self._made(seq + 30)
        batches = [sealed(seq, pack([bad], {})), sealed(seq + 1, NOTHING), damaged, good]
        results = self._push(agent, batches)
        assert results[:3] == ["rejected"] * 3
        self._known.setdefault((agent, good.session, good.seq), good)

    @rule()
    def seal(self) -> None:
        self._intake.house.seal()
        assert self._intake.house.journal.count() == 0

    @rule()
    def merge(self) -> None:
        merge_all(self._intake.house)

    @rule()
    def restart(self) -> None:
        self._close()
        self._open()

    @rule()
    def crash(self) -> None:
        """Go on with what was on the disk, as nobody left it."""
        left = self._data_dir
        self._generation += 1
        shutil.copytree(left, self._data_dir)
        self._close()
        self._open()

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        expected = Counter[Row](
            (agent, session, record.probe, int(record.values[NUMBER[record.probe]]))
            for (agent, session, _), batch in self._known.items()
            for record in records(unpack(batch.body))
        )
        assert stored(self._data_dir) == expected
        self._intake.house.fill()
        assert answered(self._intake.house) == expected.total()


StoreModel.TestCase.settings = settings(
    max_examples=7,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # a dozen steps can be read as they are, and shrinking takes minutes
)
TestStoreModel = StoreModel.TestCase
