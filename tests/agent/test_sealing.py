from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from functools import partial

import pytest

from agent.sealing import MAX_READINGS, Kept, Loss, Sealed, keep, seal
from probes import wire
from probes.wire import MAX_BATCH_BYTES, Record
from tests.agent.conftest import numbers, record

PACK = partial(wire.pack, resolutions={})


def sealed(rows: Sequence[Kept], pack: object = PACK) -> tuple[list[Sealed], list[Loss]]:
    return seal(rows, pack, "s", itertools.count(1).__next__)  # type: ignore[arg-type]


def kept(n: int, *, boot: str = "b", bulk: bool = True) -> Kept:
    return keep(record(n), boot, bulk=bulk)


def test_batch_says_what_it_holds() -> None:
    (batch,), losses = sealed([kept(5), kept(3), kept(4)])
    assert (batch.session, batch.seq, batch.boot, batch.bulk, batch.n) == ("s", 1, "b", True, 3)
    assert (batch.since, batch.until) == (record(3).at, record(5).at)
    assert batch.sha256 == wire.digest(batch.body)
    assert numbers([batch]) == [5, 3, 4]
    assert losses == []


def test_boots_and_kinds_never_share_a_batch() -> None:
    batches, _ = sealed([kept(1), kept(2, boot="c"), kept(3, bulk=False), kept(4)])
    assert [(b.seq, b.boot, b.bulk, numbers([b])) for b in batches] == [
        (1, "b", True, [1, 4]),
        (2, "c", True, [2]),
        (3, "b", False, [3]),
    ]


def test_batch_holds_two_thousand_readings_at_most() -> None:
    batches, _ = sealed([kept(n) for n in range(MAX_READINGS + 1)])
    assert [batch.n for batch in batches] == [MAX_READINGS, 1]


def test_batch_that_is_too_big_is_halved() -> None:
    rows = [keep(record(n, target=f"{n}" * 250), "b", bulk=True) for n in range(8)]

    def fat(records: Sequence[Record]) -> bytes:
        return b"x" * (MAX_BATCH_BYTES // 3 * len(records))

    batches, losses = sealed(rows, fat)
    assert [batch.n for batch in batches] == [2, 2, 2, 2]
    assert losses == []


def test_record_that_cannot_be_packed_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    rows = [kept(1), Kept("b", True, 77, b"\xc1 not msgpack"), kept(3)]
    with caplog.at_level(logging.ERROR):
        batches, losses = sealed(rows)
    assert numbers(batches) == [1, 3]
    assert losses == [Loss(77, 77, 1, "unpackable")]
    assert len(caplog.records) == 1
