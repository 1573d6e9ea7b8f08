from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from agent.enrol import AlreadyEnrolledError, RefusedError, enrol
from agent.identity import Identity
from agent.link import LinkError, UnreachableError
from config.enrolment import Enrolment
from probes import wire
from tests.fakes.collector import FakeCollector


async def try_enrol(state_dir: Path, enrolment: Enrolment, *, replace: bool = False) -> Identity:
    return await enrol(enrolment, state_dir, version="1", ca_file=None, replace=replace)


async def test_enrolment_gives_an_identity_that_is_kept(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        identity = await try_enrol(tmp_path, collector.enrolment)
    assert (identity.agent, identity.school_name) == ("agent1", "示范小学")
    assert identity.url == collector.url
    assert Identity.load(tmp_path) == identity
    assert not (tmp_path / "enrol.json").exists()


async def test_lost_answer_costs_no_second_agent(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        collector.enrol_fault = lambda: "drop"
        with pytest.raises(UnreachableError):
            await try_enrol(tmp_path, collector.enrolment)
        assert len(collector.enrolments) == 1
        collector.enrol_fault = None
        identity = await try_enrol(tmp_path, collector.enrolment)
    assert identity.agent == "agent1"
    assert len(collector.enrolments) == 1


async def test_nonce_is_on_disk_before_the_request(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        seen: list[str] = []

        def look() -> str:
            seen.append(json.loads((tmp_path / "enrol.json").read_text())["nonce"])
            return "drop"

        collector.enrol_fault = look
        with pytest.raises(UnreachableError):
            await try_enrol(tmp_path, collector.enrolment)
        assert set(seen) == set(collector.enrolments)


async def test_nonce_of_another_token_is_not_reused(tmp_path: Path) -> None:
    (tmp_path / "enrol.json").write_text('{"token": "other", "nonce": "0123456789"}')
    async with FakeCollector() as collector:
        await try_enrol(tmp_path, collector.enrolment)
    assert "0123456789" not in collector.enrolments


async def test_refused_token_says_what_to_do(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        wrong = Enrolment(collector.url, "tok", "guess")
        with pytest.raises(RefusedError, match="token create"):
            await try_enrol(tmp_path, wrong)
    assert not (tmp_path / "identity.json").exists()


async def test_busy_collector_says_when_to_come_back(tmp_path: Path) -> None:
    problem = wire.encode(wire.Problem("too many tries", "尝试过多"))
    async with FakeCollector() as collector:
        collector.enrol_fault = lambda: web.Response(
            status=429, headers={"Retry-After": "60"}, body=problem
        )
        with pytest.raises(RefusedError, match=r"too many tries.*60"):
            await try_enrol(tmp_path, collector.enrolment)


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_stranger_at_the_address_is_recognised(tmp_path: Path, status: int) -> None:
    async with FakeCollector() as collector:
        collector.enrol_fault = lambda: web.Response(status=status, text="<html>")
        with pytest.raises(RefusedError, match="not a Banjun collector"):
            await try_enrol(tmp_path, collector.enrolment)


async def test_collector_that_is_not_there_is_named(tmp_path: Path, unused_tcp_port: int) -> None:
    absent = Enrolment(f"http://127.0.0.1:{unused_tcp_port}", "tok", "secret")
    with pytest.raises(UnreachableError, match=str(unused_tcp_port)):
        await try_enrol(tmp_path, absent)


async def test_secret_is_not_sent_in_clear_text_to_another_machine(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="https"):
        await try_enrol(tmp_path, Enrolment("http://192.0.2.1", "tok", "secret"))


async def test_pin_that_cannot_be_checked_stops_the_secret(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        with pytest.raises(RefusedError, match="pins a certificate"):
            await try_enrol(tmp_path, Enrolment(collector.url, "tok", "secret", "ab12"))
        assert collector.enrolments == {}


async def test_enrolled_machine_is_not_enrolled_again_by_accident(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        await try_enrol(tmp_path, collector.enrolment)
        with pytest.raises(AlreadyEnrolledError, match="--replace"):
            await try_enrol(tmp_path, collector.enrolment)
        identity = await try_enrol(tmp_path, collector.enrolment, replace=True)
    assert identity.agent == "agent2"
    assert Identity.load(tmp_path) == identity
