"""Against projectors that really listen, good ones and others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from probes.instruments.pjlink import (
    AT_ONCE,
    ERROR,
    FILTER_SECONDS,
    LAMP_SECONDS,
    MOST_PROJECTORS,
    ON,
    Pjlink,
    Settings,
)
from probes.model import LOCAL, Outcome, ProbeError, Reading, SettingError, parse_settings
from tests.fakes.projector import CLASS_1, CLASS_2, FakeProjector
from tests.fakes.raw_server import Handler, RawServer
from tests.lab.daemon import free_port
from tests.probes.conftest import Measure


def table(port: int, name: str = "101", **more: object) -> dict[str, object]:
    return {"name": name, "host": "127.0.0.1", "port": port, **more}


def probe(*tables: dict[str, object], timeout: float = 2.0) -> Pjlink:
    given = {"projectors": list(tables), "timeout": timeout}
    return Pjlink(parse_settings(Settings, given, "pjlink"))


def of(readings: list[Reading], part: str = "all", target: str = "101") -> Reading:
    (found,) = (r for r in readings if r.labels["part"] == part and r.target == target)
    return found


async def test_projector_of_class_1_tells_everything(measure: Measure) -> None:
    async with FakeProjector() as projector:
        readings = await measure(probe(table(projector.port)))
    whole = of(readings)
    assert whole.values == {ON: 1, ERROR: 0}
    assert whole.labels == {
        "part": "all", "state": "on", "maker": "EPSON", "product": "CB-X51", "input": "31",
    }  # fmt: skip
    assert of(readings, "lamp1").values == {LAMP_SECONDS: 1200 * 3600}
    assert of(readings, "lamp1").labels["state"] == "lit"
    assert len(readings) == 1 + 6 + 1
    assert not any(command.startswith("%2") for command in projector.asked)


async def test_projector_of_class_2_tells_its_filter_too(measure: Measure) -> None:
    async with FakeProjector(CLASS_2) as projector:
        readings = await measure(probe(table(projector.port)))
    assert of(readings).values == {ON: 1, ERROR: 0, FILTER_SECONDS: 350 * 3600}
    assert of(readings).labels["input"] == "3A"


async def test_password_is_proven_once_and_never_sent(measure: Measure) -> None:
    async with FakeProjector(password="s3cret-口令") as projector:
        readings = await measure(probe(table(projector.port, password="s3cret-口令")))
    assert of(readings).values[ON] == 1
    assert "s3cret" not in " ".join(projector.asked)


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_wrong_password_is_said(password: str, measure: Measure) -> None:
    async with FakeProjector(password="s3cret") as projector:
        (reading,) = await measure(probe(table(projector.port, password=password)))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "wrong_password")
    assert reading.values == {}


@pytest.mark.parametrize(
    ("power", "state", "on"), [("0", "standby", 0), ("2", "cooling", 0), ("3", "warming", 1)]
)
async def test_power_is_what_the_lamp_does(
    power: str, state: str, on: int, measure: Measure
) -> None:
    async with FakeProjector({**CLASS_1, "%1POWR": power}) as projector:
        readings = await measure(probe(table(projector.port)))
    assert (of(readings).labels["state"], of(readings).values[ON]) == (state, on)


async def test_fault_of_a_part_is_a_fault_and_a_warning_is_not(measure: Measure) -> None:
    async with FakeProjector({**CLASS_1, "%1ERST": "010020"}) as projector:
        readings = await measure(probe(table(projector.port)))
    assert of(readings).values[ERROR] == 1
    assert (of(readings, "lamp").labels["state"], of(readings, "lamp").values) == (
        "warning", {ERROR: 0},
    )  # fmt: skip
    assert of(readings, "filter").values == {ERROR: 1}


async def test_laser_in_standby_says_little_and_nothing_is_made_up(measure: Measure) -> None:
    answers = {"%1POWR": "0", "%1ERST": "ERR3", "%1LAMP": "ERR1", "%1INPT": "ERR3"}
    async with FakeProjector(answers) as projector:
        (reading,) = await measure(probe(table(projector.port)))
    assert reading.values == {ON: 0}
    assert (reading.labels["maker"], reading.labels["input"]) == ("-", "-")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("ERR3", "unavailable"), ("ERR4", "device_fault"), ("ERR1", "bad_answer")],
)
async def test_device_that_does_not_tell_its_power_is_neither_on_nor_off(
    answer: str, reason: str, measure: Measure
) -> None:
    async with FakeProjector({**CLASS_1, "%1POWR": answer}) as projector:
        readings = await measure(probe(table(projector.port)))
    assert (of(readings).outcome, of(readings).reason) == (Outcome.FAILED, reason)
    assert of(readings).values == {ERROR: 0}


async def test_two_lamps_are_two_readings(measure: Measure) -> None:
    async with FakeProjector({**CLASS_1, "%1LAMP": "10 1 2500 0"}) as projector:
        readings = await measure(probe(table(projector.port)))
    assert of(readings, "lamp2").values == {LAMP_SECONDS: 2500 * 3600}
    assert of(readings, "lamp2").labels["state"] == "out"


def saying(*said: bytes, then_wait: bool = True) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in said:
            writer.write(line)
            await writer.drain()
        if then_wait:
            await asyncio.sleep(30)

    return handle


@pytest.mark.parametrize(
    ("said", "waits", "reason"),
    [
        ((), True, "no_answer"),
        ((b"PJLINK 0\r",), True, "no_answer"),
        ((), False, "broken_off"),
        ((b"PJLINK 0\r",), False, "broken_off"),
        ((b"SSH-2.0-dropbear\r\n",), True, "bad_answer"),
        ((b"PJLINK 0\r", b"%1POWR=7\r"), True, "bad_answer"),
        ((b"PJLINK 0\r", b"%1POWR=1\r", b"%1ERST=9\r"), True, "bad_answer"),
        ((b"x" * 5000,), True, "bad_answer"),
        ((b"\xff\xfe\x00\r",), True, "bad_answer"),
    ],
)
async def test_what_misbehaves_is_named_and_others_are_unaffected(
    said: tuple[bytes, ...], waits: bool, reason: str, measure: Measure
) -> None:
    async with RawServer(saying(*said, then_wait=waits)) as bad, FakeProjector() as good:
        readings = await measure(probe(table(bad.port, "bad"), table(good.port), timeout=0.4))
    failed = of(readings, target="bad")
    assert (failed.outcome, failed.reason, failed.values) == (Outcome.FAILED, reason, {})
    assert of(readings).values[ON] == 1


async def test_closed_port_has_no_service(measure: Measure) -> None:
    (reading,) = await measure(probe(table(free_port())))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")


async def test_name_without_an_address_says_nothing_about_the_projector(measure: Measure) -> None:
    (reading,) = await measure(probe({"name": "101", "host": "no-such-name.invalid"}))
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unresolved")


async def test_silent_ones_are_waited_for_together(measure: Measure) -> None:
    async with RawServer(saying()) as silent, FakeProjector() as good:
        tables = [table(silent.port, f"p{n}") for n in range(AT_ONCE - 1)] + [table(good.port)]
        started = time.monotonic()
        readings = await measure(probe(*tables, timeout=0.5))
        took = time.monotonic() - started
    assert took < 1.5
    assert sum(r.reason == "no_answer" for r in readings) == AT_ONCE - 1
    assert of(readings).values[ON] == 1


async def test_no_more_than_so_many_are_asked_at_once(measure: Measure) -> None:
    async with FakeProjector() as projector:
        projector.pause = 0.005
        tables = [table(projector.port, f"p{n}") for n in range(2 * AT_ONCE)]
        readings = await measure(probe(*tables))
    assert sum(r.labels["part"] == "all" and r.values[ON] == 1 for r in readings) == 2 * AT_ONCE
    assert projector.most_talking == AT_ONCE


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "101"},
        {"name": "101", "host": "10.0.0.1", "port": 0},
        {"name": "101", "host": "10.0.0.1", "port": True},
        {"name": "101", "host": "10.0.0.1", "password": 5},
        {"name": "", "host": "10.0.0.1"},
        {"name": "x" * 65, "host": "10.0.0.1"},
        {"name": "101", "host": ""},
        {"name": "101", "host": "10.0.0.1", "passwd": "s3cret"},
        "s3cret",
    ],
)
def test_table_that_is_wrong_is_named_without_its_secret(wrong: Any) -> None:
    with pytest.raises(SettingError, match="number 2") as caught:
        probe({"name": "a", "host": "10.0.0.2", "password": "s3cret"}, wrong)
    assert "s3cret" not in caught.value.text.zh + caught.value.text.en


def test_names_must_differ_and_there_are_not_too_many() -> None:
    with pytest.raises(SettingError, match="differ"):
        probe(table(1), table(2))
    with pytest.raises(SettingError, match="at most"):
        probe(*(table(1, f"p{n}") for n in range(MOST_PROJECTORS + 1)))


def test_settings_show_no_secret() -> None:
    settings = probe(table(1, password="s3cret")).settings
    assert "s3cret" not in repr(settings) + repr(settings.parsed())


def test_it_says_where_it_sends() -> None:
    assert probe(table(1), {"name": "2", "host": "pj2.lan"}).reaches() == ["127.0.0.1", "pj2.lan"]


def test_run_of_most_projectors_ends_before_the_deadline() -> None:
    tables = [table(1, f"p{n}") for n in range(MOST_PROJECTORS)]
    assert probe(*tables, timeout=6).longest_seconds() < Pjlink.deadline_seconds


async def test_without_projectors_nothing_is_known() -> None:
    with pytest.raises(ProbeError) as caught:
        await probe().measure(LOCAL)
    assert caught.value.reason == "no_projectors"


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(Pjlink)
