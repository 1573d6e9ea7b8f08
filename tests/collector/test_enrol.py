"""Enrolment and configuration over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from collector.api.agent_config import ConfigDoor
from collector.api.enrol import MAX_BODY_BYTES, EnrolDoor
from collector.fleet.fleet import Fleet
from collector.fleet.schedule import RoleSchedule
from collector.register.directory import AgentDirectory
from collector.register.model import NewToken, School
from collector.register.register import Register
from probes.model import Role
from probes.wire import (
    JSON,
    MSGPACK,
    AgentConfig,
    EnrolReply,
    EnrolRequest,
    Problem,
    Task,
    decode,
    encode,
)

from .register.conftest import Clock

SCHOOL = School(code="9934000001", name="示例实验学校", adcode="340199")


@dataclass
class Site:
    """A collector that only enrols and configures, and a client of it."""

    register: Register
    directory: AgentDirectory
    fleet: Fleet
    client: aiohttp.ClientSession
    clock: Clock

    def token(self, uses: int = 1) -> NewToken:
        return self.register.create_token(SCHOOL.code, Role.GATEWAY, actor="me", max_uses=uses)

    async def enrol(self, token: NewToken, nonce: str = "nonce-0001") -> EnrolReply:
        answer = await self.post(encode(request(token, nonce)))
        assert answer.status == 200, answer.body
        return decode(answer.body, EnrolReply)

    async def post(self, body: bytes, kind: str = MSGPACK, **headers: str) -> Answer:
        headers = {"Content-Type": kind, **headers}
        async with self.client.post("/v1/enrol", data=body, headers=headers) as response:
            return await answer_of(response)

    async def config(self, reply: EnrolReply | None, **headers: str) -> Answer:
        if reply is not None:
            headers["Authorization"] = f"Bearer {reply.agent}.{reply.key}"
        async with self.client.get("/v1/config", headers=headers) as response:
            return await answer_of(response)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def problem(self) -> Problem:
        return decode(self.body, Problem, self.headers["Content-Type"])


async def answer_of(response: aiohttp.ClientResponse) -> Answer:
    return Answer(response.status, await response.read(), response.headers)


def request(token: NewToken, nonce: str = "nonce-0001") -> EnrolRequest:
    return EnrolRequest(v=1, token=f"{token.id}.{token.secret}", nonce=nonce, hostname="gw")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    clock = Clock()
    register = Register.open(tmp_path / "register.sqlite3", clock)
    register.put_schools([SCHOOL], "me")
    directory = AgentDirectory(register)
    schedule = {Role.GATEWAY: RoleSchedule(60, 60, (Task("uptime", 60.0),))}
    fleet = Fleet(register, schedule, lambda *_: [], clock)
    app = web.Application()
    app.add_routes(EnrolDoor(register, directory).routes())
    app.add_routes(ConfigDoor(directory, fleet).routes())
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as client:
        yield Site(register, directory, fleet, client, clock)
    await runner.cleanup()
    register.close()


async def test_enrolled_agent_is_let_in_at_once(site: Site) -> None:
    reply = await site.enrol(site.token())
    assert (reply.school, reply.school_name, reply.role) == (SCHOOL.code, SCHOOL.name, "gateway")
    assert (await site.config(reply)).status == 200


async def test_enrolment_works_from_a_shell_with_json(site: Site) -> None:
    token = site.token()
    body = json.dumps({"v": 1, "token": f"{token.id}.{token.secret}", "nonce": "from-a-shell"})
    answer = await site.post(body.encode(), JSON)
    assert answer.status == 200
    assert json.loads(answer.body)["school_name"] == "示例实验学校"


async def test_every_bad_token_gets_the_same_answer(site: Site) -> None:
    used, revoked = site.token(), site.token()
    await site.enrol(used)
    site.register.revoke_token(revoked.id, "me")
    bad = [
        request(used, "nonce-0002"),
        request(revoked),
        request(NewToken(used.id, "guess")),
        request(NewToken("nobody", "guess")),
        EnrolRequest(1, "no-dot", "nonce-0001"),
    ]
    answers = [await site.post(encode(given)) for given in bad]
    assert {(a.status, a.body) for a in answers} == {(401, answers[0].body)}
    assert "token create" in answers[0].problem.error_zh


async def test_repeated_request_gets_the_same_agent_until_it_was_used(site: Site) -> None:
    token = site.token()
    first = await site.enrol(token)
    second = await site.enrol(token)
    assert second.agent == first.agent
    assert (await site.config(first)).status == 401
    assert (await site.config(second)).status == 200
    assert (await site.post(encode(request(token)))).status == 401


async def test_failures_beyond_the_limit_are_told_when_to_come_again(site: Site) -> None:
    bad = encode(request(NewToken("nobody", "guess")))
    statuses = [(await site.post(bad)).status for _ in range(10)]
    answer = await site.post(bad)
    assert statuses == [401] * 10
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    await site.enrol(site.token())


async def test_forty_machines_behind_one_address_enrol_at_once(site: Site) -> None:
    token = site.token(uses=40)
    replies = await asyncio.gather(*(site.enrol(token, f"nonce-{n:04}") for n in range(40)))
    assert len({reply.agent for reply in replies}) == 40
    answers = await asyncio.gather(*(site.config(reply) for reply in replies))
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b"\xff", MSGPACK, {}, 400),
        (b"{", JSON, {}, 400),
        (b'{"v": 1, "token": "a.b", "nonce": "short"}', JSON, {}, 400),
        (b'{"v": 1, "token": 5, "nonce": "nonce-0001"}', JSON, {}, 400),
        (b"[" * 10_000, JSON, {}, 400),
        (b'{"v": 2, "token": "a.b", "nonce": "nonce-0001"}', JSON, {}, 426),
        (b"{}", "text/plain", {}, 415),
        (b"{}", JSON, {"Content-Encoding": "gzip"}, 415),
        (b" " * (MAX_BODY_BYTES + 1), JSON, {}, 413),
    ],
)
async def test_request_that_is_none_gets_its_own_answer(
    site: Site, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    answer = await site.post(body, kind, **headers)
    assert answer.status == status
    assert answer.problem.error_zh


async def test_agent_that_has_the_configuration_is_told_so(site: Site) -> None:
    reply = await site.enrol(site.token())
    answer = await site.config(reply, Accept=MSGPACK)
    config = decode(answer.body, AgentConfig)
    assert [task.probe for task in config.tasks] == ["uptime"]
    assert answer.headers["ETag"] == f'"{config.revision}"'
    for tag in (f'"{config.revision}"', config.revision, f'"old", W/"{config.revision}"'):
        again = await site.config(reply, **{"If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")
    assert (await site.config(reply, **{"If-None-Match": '"old"'})).status == 200


async def test_configuration_is_json_for_a_shell(site: Site) -> None:
    answer = await site.config(await site.enrol(site.token()))
    assert json.loads(answer.body)["tasks"] == [{"probe": "uptime", "every": 60.0}]


async def test_fetching_the_configuration_is_what_makes_it_owed(site: Site) -> None:
    reply = await site.enrol(site.token())
    assert site.fleet.expectations() == []
    await site.config(reply)
    assert [e.probe for e in site.fleet.expectations()] == ["uptime"]


async def test_configuration_is_for_agents_of_this_collector_only(site: Site) -> None:
    reply = await site.enrol(site.token())
    stranger = EnrolReply(1, "0" * 32, reply.key, "", "", "")
    for nobody in (None, stranger):
        answer = await site.config(nobody)
        assert answer.status == 401
    site.register.revoke(reply.agent, "me")
    site.directory.refresh()
    answer = await site.config(reply)
    assert (answer.status, answer.problem.error) == (
        403,
        "This agent was revoked.",
    )
