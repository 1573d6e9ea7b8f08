"""The examples of docs/wire.md are what the code reads and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.api.measure import STATUS
from collector.store.arrival import Arrival
from collector.store.columns import Joiner
from probes import wire
from probes.catalog import Catalog, discover

PAGE = Path(__file__).parents[2] / "docs" / "wire.md"
VECTORS = dict(
    re.findall(r"<!-- vector: ([\w-]+) -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
)
NOW = 1_795_395_662_000


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover()


@pytest.fixture
def body() -> bytes:
    return bytes.fromhex(VECTORS["body"])


@pytest.fixture
def readings() -> list[wire.Record]:
    return msgspec.json.decode(VECTORS["records"], type=list[wire.Record])


def pack(readings: list[wire.Record], catalog: Catalog) -> bytes:
    return wire.pack(readings, {n: {m.name: m for m in p.measures} for n, p in catalog.items()})


def faults(body: bytes, catalog: Catalog) -> str:
    """What a collector of this version says against the batch; empty when it is stored."""
    arrival = Arrival(
        agent="a", school="s", session="session-1", seq=0, sha256=wire.digest(body), body=body,
        received=NOW, base=NOW - 86_462_000,
    )  # fmt: skip
    Joiner(catalog).join([arrival])
    return str(arrival.fault or "")


def test_body_of_the_page_holds_its_readings(body: bytes, readings: list[wire.Record]) -> None:
    assert wire.records(wire.unpack(body)) == readings


def test_readings_of_the_page_are_packed_as_its_body(
    body: bytes, readings: list[wire.Record], catalog: Catalog
) -> None:
    assert pack(readings, catalog) == body


def test_hash_of_the_page_is_that_of_its_body(body: bytes) -> None:
    assert wire.digest(body).hex() == VECTORS["sha256"].strip()


def test_collector_takes_the_body_of_the_page(body: bytes, catalog: Catalog) -> None:
    assert faults(body, catalog) == ""


def test_collector_takes_what_the_curl_example_sends(catalog: Catalog) -> None:
    sent = VECTORS["curl"].split("<<EOF\n")[1].split("EOF")[0].replace("$now", str(NOW))
    push = wire.decode(sent.encode(), wire.Push, wire.JSON)
    [batch] = push.batches
    assert push.v == wire.VERSION
    assert faults(pack(batch.readings, catalog), catalog) == ""


@pytest.mark.parametrize(
    ("vector", "kind"),
    [
        ("enrol-request", wire.EnrolRequest),
        ("enrol-reply", wire.EnrolReply),
        ("push-reply", wire.PushReply),
        ("config", wire.AgentConfig),
        ("measure-request", wire.MeasureRequest),
        ("measure-reply", wire.MeasureReply),
        ("measure-refusal", wire.Problem),
        ("measure-done", wire.MeasureDone),
    ],
)
def test_example_of_the_page_is_that_structure(vector: str, kind: Any) -> None:
    decoded = wire.decode(VECTORS[vector].encode(), kind, wire.JSON)
    # Nothing is lost on the way: every field that the page names is known to the code.
    assert json.loads(wire.encode(decoded, wire.JSON)).keys() >= json.loads(VECTORS[vector]).keys()


def test_page_names_every_reason_why_a_collector_gives_no_leave() -> None:
    text = PAGE.read_text("utf-8")
    assert {
        reason for reason in STATUS if f"| `{reason}` | {STATUS[reason]} |" not in text
    } == set()


def test_page_names_every_field_of_a_message() -> None:
    text = PAGE.read_text("utf-8")
    fields = {
        field
        for kind in (
            wire.Push,
            wire.Batch,
            wire.Record,
            wire.Head,
            wire.PushReply,
            wire.Gap,
            wire.MeasureRequest,
            wire.MeasureReply,
            wire.MeasureDone,
        )
        for field in kind.__struct_fields__
    }
    assert {field for field in fields if f"`{field}`" not in text} == set()
