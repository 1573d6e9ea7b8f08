from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from agent.__main__ import main
from agent.app import Agent
from agent.certificate import pin_of
from agent.enrol import AlreadyEnrolledError, RefusedError, enrol
from agent.identity import Identity
from agent.link import LinkError, UnreachableError
from collector.tls import authority as ca
from config.agent_settings import AgentSettings
from config.enrolment import Enrolment
from probes import wire
from probes.catalog import discover
from tests.fakes.collector import FakeCollector
from tests.fakes.papers import FILTER, NAMES, NOW, der, foreign_authority, our_authority, serving
from tests.fakes.raw_server import RawServer

OURS = our_authority()
PIN = pin_of(der(OURS.certificate))


def tls(folder: Path, authority: ca.Authority) -> ssl.SSLContext:
    return serving(folder, ca.server_pem(authority, NAMES, NOW))


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


async def test_pinned_collector_gets_the_token_and_its_authority_is_kept(tmp_path: Path) -> None:
    async with FakeCollector(tls=tls(tmp_path, OURS), pin=PIN) as collector:
        identity = await try_enrol(tmp_path, collector.enrolment)
        assert identity.pin == PIN
        assert (tmp_path / "authority.pem").read_text() == OURS.chain
        assert Identity.load(tmp_path) == identity


async def test_token_is_not_sent_to_an_interceptor_who_is_named(tmp_path: Path) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.extend(data)

    async with RawServer(listen, tls=tls(tmp_path, foreign_authority())) as server:
        with pytest.raises(UnreachableError, match=FILTER):
            await try_enrol(tmp_path, Enrolment(server.url, "tok", "secret", PIN))
        await asyncio.sleep(0.05)
    assert heard == b""
    assert not (tmp_path / "identity.json").exists()


async def test_refused_enrolment_leaves_the_authority_in_use_alone(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("of the identity in use")
    async with FakeCollector(tls=tls(tmp_path, OURS), pin=PIN, token="another.x") as collector:
        with pytest.raises(RefusedError):
            await try_enrol(tmp_path, Enrolment(collector.url, "tok", "secret", PIN))
    assert (tmp_path / "authority.pem").read_text() == "of the identity in use"


def test_status_says_who_intercepts_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "agent"
    state.mkdir()
    asyncio.run(_enrol_then_meet_a_filter(tmp_path, state))
    for lang, next_step in (("zh", "放行"), ("en", "exempt")):
        main(["status", "--state-dir", str(state), "--lang", lang])
        said = capsys.readouterr().out
        assert FILTER in said
        assert next_step in said


async def _enrol_then_meet_a_filter(tmp_path: Path, state: Path) -> None:
    async with FakeCollector(tls=tls(tmp_path, OURS), pin=PIN) as collector:
        identity = await try_enrol(state, collector.enrolment)
        await Agent(
            settings=AgentSettings(), state_dir=state, identity=identity, catalog=discover()
        ).once()
        assert collector.pushes
    collector.tls = tls(tmp_path, foreign_authority())
    async with collector:
        before = len(collector.pushes)
        agent = Agent(
            settings=AgentSettings(), state_dir=state, identity=identity, catalog=discover()
        )
        result = await agent.once()
        assert len(collector.pushes) == before
    assert result.error is not None
    assert FILTER in result.error.zh


async def test_enrolled_machine_is_not_enrolled_again_by_accident(tmp_path: Path) -> None:
    async with FakeCollector() as collector:
        await try_enrol(tmp_path, collector.enrolment)
        with pytest.raises(AlreadyEnrolledError, match="--replace"):
            await try_enrol(tmp_path, collector.enrolment)
        identity = await try_enrol(tmp_path, collector.enrolment, replace=True)
    assert identity.agent == "agent2"
    assert Identity.load(tmp_path) == identity
