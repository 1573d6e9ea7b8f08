"""A chain of records shows where it was touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.chain import BEGIN, Record, first_fault, link

RECORDS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=1),
    min_size=1,
    max_size=8,
)


def chained(records: list[Record]) -> list[tuple[Record, str]]:
    rows: list[tuple[Record, str]] = []
    before = BEGIN
    for record in records:
        before = link(before, record)
        rows.append((record, before))
    return rows


@given(RECORDS)
def test_untouched_chain_has_no_fault(records: list[Record]) -> None:
    assert first_fault(chained(records)) is None


@given(RECORDS, st.data())
def test_changed_record_is_named(records: list[Record], data: st.DataObject) -> None:
    rows = chained(records)
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place] = ({**rows[place][0], "added": "later"}, rows[place][1])
    assert first_fault(rows) == place


@given(RECORDS, st.data())
def test_removed_record_is_named_by_the_one_after_it(
    records: list[Record], data: st.DataObject
) -> None:
    rows = chained([{"number": n, **record} for n, record in enumerate(records)])
    place = data.draw(st.integers(0, len(rows) - 1))
    del rows[place]
    assert first_fault(rows) == (None if place == len(rows) else place)


def test_order_of_keys_does_not_matter() -> None:
    assert link(BEGIN, {"a": 1, "b": "二"}) == link(BEGIN, {"b": "二", "a": 1})


def test_records_cannot_be_shifted_between_links() -> None:
    assert link("a", {"b": 1}) != link("", {"b": 1})
