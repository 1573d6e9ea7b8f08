"""The wire format's promises: what goes in comes out, and no bytes crash it."""

from __future__ import annotations

import json
from math import isfinite, isnan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import wire
from probes.model import Better, Metric, Unit
from probes.text import Text

WORD = Text("词", "word")
FINE = Metric(
    name="rtt_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=WORD,
    meaning=WORD,
    resolution=0.00001,
)
COARSE = Metric(
    name="rate_bits_per_second",
    unit=Unit.BITS_PER_SECOND,
    better=Better.NEITHER,
    title=WORD,
    meaning=WORD,
    resolution=1000,
)
METRICS = {"p": {FINE.name: FINE, COARSE.name: COARSE}}

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
milliseconds = st.integers(0, 2**53)
outcomes = st.sampled_from([("ok", ""), ("failed", "refused"), ("not_run", "no_route")])
kinds = st.sampled_from(
    [wire.Push, wire.PushReply, wire.AgentConfig, wire.EnrolRequest, wire.EnrolReply, wire.Problem]
)


@st.composite
def readings(draw: st.DrawFn) -> wire.Record:
    outcome, reason = draw(outcomes)
    return wire.Record(
        probe=draw(st.sampled_from(["p", "q"])),
        at=draw(milliseconds),
        up=draw(st.none() | milliseconds),
        target=draw(names),
        labels=draw(st.dictionaries(st.sampled_from(["a", "b"]), names, max_size=2)),
        outcome=outcome,  # type: ignore[arg-type]
        reason=reason,
        version=draw(st.integers(1, 3)),
        values=draw(
            st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=4)
        ),
    )


def as_key(record: wire.Record) -> str:
    """A record as text, in an order of its own; an absent label travels as an empty one."""
    plain = msgspec.to_builtins(record)
    plain["labels"] = {k: v for k, v in record.labels.items() if v}
    return json.dumps(plain, sort_keys=True)


@given(st.lists(readings(), max_size=8))
def test_what_is_packed_is_unpacked(batch: list[wire.Record]) -> None:
    back = wire.records(wire.unpack(wire.pack(batch, {})))
    assert sorted(map(as_key, back)) == sorted(map(as_key, batch))


@given(st.lists(readings(), max_size=8))
def test_packing_twice_gives_the_same_bytes(batch: list[wire.Record]) -> None:
    assert wire.pack(batch, METRICS) == wire.pack(batch, METRICS)


def test_absent_value_stays_absent_among_others() -> None:
    batch = [
        wire.Record(probe="p", at=1, values={"x": 1.5}),
        wire.Record(probe="p", at=2, values={"y": 0.0}),
    ]
    back = wire.records(wire.unpack(wire.pack(batch, {})))
    assert [record.values for record in back] == [{"x": 1.5}, {"y": 0.0}]


def test_values_are_rounded_to_their_metrics_resolution() -> None:
    batch = [wire.Record(probe="p", at=1, values={FINE.name: 0.1234567, COARSE.name: 12_499.0})]
    (back,) = wire.records(wire.unpack(wire.pack(batch, METRICS)))
    assert back.values == {FINE.name: 0.12346, COARSE.name: 12_000}


def test_value_of_an_unknown_metric_travels_as_it_is() -> None:
    batch = [wire.Record(probe="new", at=1, values={"x": 0.123456789})]
    (back,) = wire.records(wire.unpack(wire.pack(batch, METRICS)))
    assert back.values == {"x": 0.123456789}


@pytest.mark.parametrize(
    ("value", "resolution", "rounded"),
    [
        (0.000123, 0.00001, 0.00012),
        (0.3, 0.001, 0.3),
        (2 / 3, 0.001, 0.667),
        (1499.9, 1000, 1000.0),
        (-1.26, 0.1, -1.3),
        (0.4, 1, 0.0),
        (123456789.4, 1, 123456789.0),
    ],
)
def test_rounding_gives_the_number_a_person_would_write(
    value: float, resolution: float, rounded: float
) -> None:
    assert wire.round_to(value, resolution) == rounded


@given(st.floats(-1e9, 1e9), st.sampled_from([0.00001, 0.001, 0.01, 1.0, 1000.0, 1e6]))
def test_rounding_moves_by_half_a_step_at_most_and_only_once(steps: float, step: float) -> None:
    value = steps * step
    once = wire.round_to(value, step)
    assert abs(once - value) <= step * (0.5 + 1e-6)
    assert wire.round_to(once, step) == once


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_finite_value_is_too_great_to_round(value: float) -> None:
    assert isfinite(wire.round_to(value, 0.00001))


@pytest.mark.parametrize("content_type", [wire.MSGPACK, wire.JSON])
def test_push_survives_both_content_types(content_type: str) -> None:
    body = wire.pack([wire.Record(probe="p", at=1, values={"x": 1.0})], {})
    push = wire.Push(
        v=wire.VERSION,
        school="3401000001",
        session="0123456789abcdef",
        wall=1_790_000_000_000,
        gaps=[wire.Gap(since=1, until=2, count=3, reason="disk_full")],
        batches=[
            wire.Batch(session="0123456789abcdef", seq=7, body=body, sha256=wire.digest(body))
        ],
    )
    assert wire.decode(wire.encode(push, content_type), wire.Push, content_type) == push


def test_plain_readings_can_be_written_by_hand_in_json() -> None:
    text = b"""{"v": 1, "school": "s", "session": "shell-0001", "wall": 1, "batches": [
        {"session": "shell-0001", "seq": 0, "readings": [
            {"probe": "uptime", "at": 1000, "values": {"uptime_seconds": 5}}]}]}"""
    push = wire.decode(text, wire.Push, wire.JSON)
    assert push.batches[0].readings[0].values == {"uptime_seconds": 5}
    assert push.batches[0].readings[0].target == "local"


@given(st.binary(max_size=200), kinds, st.sampled_from([wire.MSGPACK, wire.JSON]))
def test_garbage_is_a_wire_error(data: bytes, kind: type, content_type: str) -> None:
    try:
        wire.decode(data, kind, content_type)
    except wire.WireError:
        return


@given(st.binary(max_size=200))
def test_garbage_body_is_a_wire_error(data: bytes) -> None:
    try:
        wire.unpack(data)
    except wire.WireError:
        return


@given(st.data())
def test_truncated_body_is_a_wire_error(data: st.DataObject) -> None:
    body = wire.pack([wire.Record(probe="p", at=1, values={"x": 1.0}, labels={"a": "b"})], {})
    with pytest.raises(wire.WireError):
        wire.unpack(body[: data.draw(st.integers(0, len(body) - 1))])


def test_deeply_nested_bytes_are_a_wire_error() -> None:
    with pytest.raises(wire.WireError):
        wire.decode(b"[" * 100_000, wire.Push, wire.JSON)
    with pytest.raises(wire.WireError):
        wire.decode(b"\x91" * 100_000, wire.Push)


@pytest.mark.parametrize(
    "change",
    [
        {"session": "short"},
        {"session": "has space in it"},
        {"wall": -1},
        {"batches": [{"session": "0123456789", "seq": -1}]},
        {"batches": [{"session": "0123456789", "seq": 0}] * (wire.MAX_BATCHES + 1)},
        {"school": "x" * 200},
        {"v": "one"},
    ],
    ids=str,
)
def test_push_outside_its_limits_is_a_wire_error(change: dict[str, object]) -> None:
    push = {"v": 1, "school": "s", "session": "0123456789", "wall": 1, **change}
    with pytest.raises(wire.WireError):
        wire.decode(json.dumps(push).encode(), wire.Push, wire.JSON)


def test_error_says_where_the_bytes_stop_being_the_format() -> None:
    with pytest.raises(wire.WireError, match=r"wall"):
        wire.decode(b'{"v":1,"school":"s","session":"0123456789","wall":"x"}', wire.Push, wire.JSON)


def test_digest_is_that_of_the_standard() -> None:
    assert wire.digest(b"abc").hex().startswith("ba7816bf8f01cfea414140de5dae2223")


def test_block_of_one_reading_is_the_test_vector() -> None:
    """docs/wire.md shows these bytes to people who write another client."""
    record = wire.Record(probe="p", at=1000, up=2000, values={"x": 1.5}, labels={"i": "eth0"})
    (block,) = wire.unpack(wire.pack([record], {}))
    assert block.at == bytes.fromhex("e803000000000000")
    assert block.up == bytes.fromhex("d007000000000000")
    assert block.values == bytes.fromhex("000000000000f83f")
    assert (block.key, block.outcome) == (b"\0\0", b"")
    head = wire.decode(block.head, wire.Head)
    assert (head.labels, head.keys, head.metrics) == (["i"], [["local", "eth0"]], ["x"])


def test_absent_value_is_not_a_number_on_the_wire() -> None:
    batch = [
        wire.Record(probe="p", at=1, values={"x": 1.0}),
        wire.Record(probe="p", at=2, values={}),
    ]
    (block,) = wire.unpack(wire.pack(batch, {}))
    floats = memoryview(block.values).cast("d").tolist()
    assert sum(isnan(f) for f in floats) == 1
    assert sum(isfinite(f) for f in floats) == 1
