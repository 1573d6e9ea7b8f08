"""Sources are numbered once, and are found by their numbers long enough."""

from __future__ import annotations

import pytest

from collector.store import sources
from collector.store.columns import KnownHead
from collector.store.sources import Source, Sources
from probes.catalog import discover


@pytest.fixture
def head() -> KnownHead:
    return KnownHead(discover()["uptime"], 1, (("local",),), (), b"", 0)


def test_the_same_agent_and_head_has_the_same_number(head: KnownHead) -> None:
    known = Sources()
    first = known.number(Source("a", "s", head))
    assert known.number(Source("b", "s", head)) != first
    assert known.number(Source("a", "s", head)) == first
    assert known[first].agent == "a"


def test_a_number_given_before_the_oldest_were_forgotten_is_still_found(
    head: KnownHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "REMEMBERED", 3)
    known = Sources()
    numbers = {name: known.number(Source(name, "s", head)) for name in "abcd"}
    assert [known[n].agent for n in numbers.values()] == ["a", "b", "c", "d"]
    assert len(set(numbers.values())) == 4


def test_a_number_of_two_generations_ago_is_an_error_and_no_other_source(
    head: KnownHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "REMEMBERED", 2)
    known = Sources()
    first = known.number(Source("a", "s", head))
    for name in "bcdef":
        known.number(Source(name, "s", head))
    with pytest.raises(KeyError):
        known[first]
