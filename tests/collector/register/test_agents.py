from __future__ import annotations

import pytest

from collector.register.agents import UnknownAgentError
from collector.register.directory import AgentDirectory
from collector.register.enrolment import EnrolRefusedError
from collector.register.model import NewToken, School
from collector.register.register import Register
from probes.model import Role
from probes.wire import EnrolReply, EnrolRequest

from .conftest import Clock


@pytest.fixture
def token(register: Register, school: School) -> NewToken:
    register.put_schools([school], "me")
    return register.create_token(school.code, Role.GATEWAY, actor="me", max_uses=5)


def enrol(register: Register, token: NewToken, nonce: str = "nonce-0001") -> EnrolReply:
    request = EnrolRequest(v=1, token=f"{token.id}.{token.secret}", nonce=nonce)
    return register.enrol(request, "10.0.0.1")


def header(reply: EnrolReply) -> str:
    return f"Bearer {reply.agent}.{reply.key}"


def test_directory_knows_an_agent_by_its_key(register: Register, token: NewToken) -> None:
    reply = enrol(register, token)
    directory = AgentDirectory(register)
    agent = directory.verify(header(reply))
    assert agent is not None
    assert agent is directory.find(reply.agent)


@pytest.mark.parametrize(
    "change",
    [
        lambda h: "",
        lambda h: h.replace("Bearer ", ""),
        lambda h: h.replace("Bearer", "Basic"),
        lambda h: h[:-1],
        lambda h: h + "0",
        lambda h: h.replace(".", ""),
        lambda h: "Bearer " + "0" * 32 + h[-65:],
        lambda h: "Bearer .",
        lambda h: h + "\udcff",
    ],
)
def test_directory_knows_nobody_by_another_header(
    register: Register, token: NewToken, change: object
) -> None:
    good = header(enrol(register, token))
    directory = AgentDirectory(register)
    assert callable(change)
    assert directory.verify(change(good)) is None


def test_one_agents_key_does_not_open_anothers_door(register: Register, token: NewToken) -> None:
    one, two = enrol(register, token), enrol(register, token, "nonce-0002")
    directory = AgentDirectory(register)
    assert directory.verify(f"Bearer {one.agent}.{two.key}") is None


def test_revocation_holds_after_the_next_refresh(register: Register, token: NewToken) -> None:
    reply = enrol(register, token)
    directory = AgentDirectory(register)
    register.revoke(reply.agent, "me")
    assert directory.refresh()
    agent = directory.verify(header(reply))
    assert agent is not None
    assert agent.revoked


def test_refresh_reads_only_after_a_change(register: Register, token: NewToken) -> None:
    directory = AgentDirectory(register)
    assert not directory.refresh()
    enrol(register, token)
    assert directory.refresh()
    assert not directory.refresh()


def test_first_use_of_a_key_ends_the_repetition_of_its_enrolment(
    register: Register, token: NewToken
) -> None:
    reply = enrol(register, token)
    directory = AgentDirectory(register)
    assert directory.verify(header(reply)) is not None
    directory.refresh()
    agent = directory.find(reply.agent)
    assert agent is not None
    assert agent.confirmed
    with pytest.raises(EnrolRefusedError):
        enrol(register, token)


def test_revoking_an_unknown_agent_names_it(register: Register) -> None:
    with pytest.raises(UnknownAgentError, match="abc"):
        register.revoke("abc", "me")


def test_assignments_keep_what_was_asked_when(
    register: Register, token: NewToken, clock: Clock
) -> None:
    agent = enrol(register, token).agent
    start = clock.now
    echo, echo_slow = ("icmp_echo", "collector", 60.0), ("icmp_echo", "collector", 300.0)
    rate = ("interface_rate", "local", 60.0)
    assert register.assign(agent, [echo, rate])
    clock.forward(hours=1)
    assert not register.assign(agent, [rate, echo])
    assert register.assign(agent, [echo_slow, rate])
    found = {(a.probe, a.every): (a.since, a.until) for a in register.assignments()}
    assert found == {
        ("icmp_echo", 60.0): (start, clock.now),
        ("icmp_echo", 300.0): (clock.now, None),
        ("interface_rate", 60.0): (start, None),
    }


def test_revoked_agent_owes_nothing_any_more(
    register: Register, token: NewToken, clock: Clock
) -> None:
    agent = enrol(register, token).agent
    register.assign(agent, [("uptime", "local", 60.0)])
    clock.forward(minutes=5)
    register.revoke(agent, "me")
    assert [a.until for a in register.assignments()] == [clock.now]
