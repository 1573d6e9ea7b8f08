"""A head that is another each time costs little more than the numbers of its rows."""

from __future__ import annotations

import pytest

from collector.store import sources
from collector.store.columns import Joiner
from collector.store.sources import Source
from probes.catalog import discover
from tests.collector.ingest.test_series_budget import MONDAY, cards
from tests.collector.store.stock import arrival


def test_sweeps_that_name_the_same_machines_share_their_names() -> None:
    joiner, seen = Joiner(discover()), cards(MONDAY, 0)
    joiner.join([arrival(seen)])
    joiner.join([arrival(seen[1:])])
    whole, later = joiner.sources[0].head.keys, joiner.sources[1].head.keys
    assert len(later) == len(whole) - 1
    assert all(one is other for one, other in zip(whole[1:], later, strict=True))


def test_heads_are_forgotten_by_what_they_hold_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "KEYS_REMEMBERED", 1500)
    joiner, seen = Joiner(discover()), cards(MONDAY, 0)
    for left_out in range(5):
        joiner.join([arrival(seen[left_out:])])
    assert isinstance(joiner.sources[4], Source)
    with pytest.raises(KeyError):
        joiner.sources[0]
