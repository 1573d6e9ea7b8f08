from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.snmp.pdu import Absent, Response
from probes.snmp.values import Oid, Value
from probes.snmp.walk import Walk

COLUMNS: Mapping[str, Oid] = {"a": (1, 3, 1), "b": (1, 3, 2), "c": (1, 3, 4)}
BEYOND: Oid = (1, 3, 9)
TOO_BIG, NO_SUCH_NAME, GENERAL, NO_ACCESS, DENIED = 1, 2, 5, 6, 16
Table = dict[Oid, dict[str, int]]

indexes = st.lists(st.integers(0, 9), min_size=1, max_size=2).map(tuple)
sparse_tables = st.dictionaries(
    indexes, st.dictionaries(st.sampled_from("abc"), st.integers(), min_size=1), max_size=9
)


def values_of(table: Table) -> dict[Oid, int]:
    return {COLUMNS[c] + i: v for i, row in table.items() for c, v in row.items()}


def respond(walk: Walk, known: Mapping[Oid, int], most: int) -> Response:
    """As a device should, with room for `most` values."""
    heads, repetitions = walk.request()
    found: list[tuple[Oid, Value | Absent]] = []
    for _ in range(repetitions):
        after = [min((k for k in known if k > head), default=None) for head in heads]
        found += [(k, known[k]) if k else (BEYOND, Absent()) for k in after]
        heads = [k or BEYOND for k in after]
    return Response(1, 0, 0, found[:most])


def walked(walk: Walk, known: Mapping[Oid, int], most: int = 50) -> Walk:
    for _ in range(500):
        if walk.over:
            return walk
        walk.take(respond(walk, known, most), 7.0)
    raise AssertionError("it does not end")


@given(sparse_tables, st.integers(1, 40))
def test_walk_finds_the_table_whatever_its_gaps_and_however_little_fits(
    table: Table, most: int
) -> None:
    walk = walked(Walk(COLUMNS, 100), {**values_of(table), (1, 3, 3, 1): -1, (1, 3, 5): -1}, most)
    assert walk.table().rows == table
    assert list(walk.table().rows) == sorted(table)
    assert walk.table().end == ""


@given(st.lists(st.tuples(st.lists(st.integers(0, 5), max_size=5).map(tuple), st.integers())))
def test_walk_ends_whatever_a_device_answers(answers: list[tuple[Oid, int]]) -> None:
    walk = Walk(COLUMNS, 20)
    found = [((1, 3, *oid), value) for oid, value in answers]
    for _ in range(100):
        if walk.over:
            break
        walk.request()
        walk.take(Response(1, 0, 0, found), 7.0)
    assert walk.over


def test_eight_columns_of_28_ports_take_four_requests() -> None:
    columns = {f"c{n}": (1, 3, n) for n in range(8)}
    known: dict[Oid, int] = {
        (*prefix, port): port for prefix in columns.values() for port in range(1, 29)
    }
    walk, requests = Walk(columns, 100), 0
    while not walk.over:
        walk.take(respond(walk, known, 64), 7.0)
        requests += 1
    assert requests == 4
    assert len(walk.table().rows) == 28


def test_table_that_loops_ends_with_what_was_read() -> None:
    walk = Walk({"a": (1, 3, 1)}, 100)
    walk.request()
    walk.take(Response(1, 0, 0, [((1, 3, 1, 1), 5), ((1, 3, 1, 2), 6), ((1, 3, 1, 1), 5)]), 7.0)
    assert walk.over
    assert walk.table().end == "endless_walk"
    assert walk.table().rows == {(1,): {"a": 5}, (2,): {"a": 6}}


def test_table_without_order_is_read_to_its_end() -> None:
    walk = Walk({"a": (1, 3, 1)}, 100)
    walk.request()
    walk.take(Response(1, 0, 0, [((1, 3, 1, 9), 5), ((1, 3, 1, 2), 6)]), 7.0)
    heads, _ = walk.request()
    assert heads == [(1, 3, 1, 2)]
    walk.take(Response(1, 0, 0, [((1, 3, 2, 1), 5)]), 7.0)
    assert walk.table().end == ""
    assert walk.table().rows == {(2,): {"a": 6}, (9,): {"a": 5}}


def test_row_that_is_repeated_ends_the_walk() -> None:
    walk = Walk({"a": (1, 3, 1)}, 100)
    for _ in range(2):
        walk.request()
        walk.take(Response(1, 0, 0, [((1, 3, 1, 1), 5)]), 7.0)
    assert walk.table().end == "endless_walk"


def test_table_beyond_the_limit_is_cut() -> None:
    walk = walked(Walk(COLUMNS, 3), values_of({(n,): {"a": n, "b": n} for n in range(9)}))
    assert walk.table().end == "too_large"
    assert len(walk.table().rows) == 3


def test_fewer_values_are_asked_when_they_are_too_many() -> None:
    walk = Walk(COLUMNS, 100)
    asked = []
    for _ in range(4):
        heads, repetitions = walk.request()
        asked.append(len(heads) * repetitions)
        walk.take(Response(1, TOO_BIG, 0, []), 7.0)
    assert asked[0] > 60
    assert asked[3] < 10
    assert walked(walk, values_of({(1,): {"a": 1, "c": 3}})).table().rows == {
        (1,): {"a": 1, "c": 3}
    }


def test_device_to_which_one_value_is_too_big_answers_badly() -> None:
    walk = Walk(COLUMNS, 100)
    for _ in range(20):
        if walk.over:
            break
        walk.request()
        walk.take(Response(1, TOO_BIG, 0, []), 7.0)
    assert walk.table().end == "bad_answer"


def test_column_that_an_old_device_does_not_have_is_left_out() -> None:
    walk = Walk(COLUMNS, 100)
    walk.request()
    walk.take(Response(1, NO_SUCH_NAME, 2, []), 7.0)
    assert walked(walk, values_of({(1,): {"a": 1, "b": 2, "c": 3}})).table().rows == {
        (1,): {"a": 1, "c": 3}
    }
    assert walk.table().end == ""


def test_column_at_which_a_device_fails_leaves_the_table_incomplete() -> None:
    walk = Walk(COLUMNS, 100)
    walk.request()
    walk.take(Response(1, GENERAL, 2, []), 7.0)
    assert walked(walk, values_of({(1,): {"a": 1}})).table().end == "bad_answer"


@pytest.mark.parametrize("error", [NO_ACCESS, DENIED])
def test_device_that_denies_access_is_said_so(error: int) -> None:
    walk = Walk(COLUMNS, 100)
    walk.request()
    walk.take(Response(1, error, 0, []), 7.0)
    assert walk.table().end == "no_access"


def test_empty_answer_ends_the_walk() -> None:
    walk = Walk(COLUMNS, 100)
    walk.request()
    walk.take(Response(1, 0, 0, []), 7.0)
    assert walk.over
    assert walk.table().end == "bad_answer"


def test_table_that_is_not_there_has_no_rows_and_no_fault() -> None:
    walk = walked(Walk(COLUMNS, 100), {})
    assert (walk.table().rows, walk.table().end) == ({}, "")
