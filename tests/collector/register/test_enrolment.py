from __future__ import annotations

import hashlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from collector.register.enrolment import EnrolLimitedError, EnrolRefusedError, TokenError
from collector.register.model import NewToken, School
from collector.register.register import Register, UnknownSchoolError
from probes.model import Role
from probes.wire import EnrolReply, EnrolRequest

from .conftest import Clock


@pytest.fixture
def token(register: Register, school: School) -> NewToken:
    register.put_schools([school], "me")
    return register.create_token(school.code, Role.GATEWAY, actor="me")


def request(token: NewToken, nonce: str = "nonce-0001", secret: str | None = None) -> EnrolRequest:
    return EnrolRequest(v=1, token=f"{token.id}.{secret or token.secret}", nonce=nonce)


def reason_of_refusal(register: Register, given: EnrolRequest) -> str:
    with pytest.raises(EnrolRefusedError) as caught:
        register.enrol(given, "10.0.0.1")
    return caught.value.reason


def test_enrolled_agent_belongs_to_the_school_of_its_token(
    register: Register, token: NewToken, school: School
) -> None:
    reply = register.enrol(request(token), "10.0.0.1")
    agent = register.agent(reply.agent)
    assert agent is not None
    assert (reply.school, reply.school_name, reply.role) == (school.code, school.name, "gateway")
    assert (agent.school, agent.role) == (school.code, Role.GATEWAY)
    assert agent.key_sha256 == hashlib.sha256(reply.key.encode()).digest()


def test_no_secret_stands_in_the_register(register: Register, token: NewToken, path: Path) -> None:
    reply = register.enrol(request(token), "10.0.0.1")
    register.close()
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert reply.agent.encode() in stored
    assert token.secret.encode() not in stored
    assert reply.key.encode() not in stored
    assert token.secret not in repr(token)


def test_every_refusal_reads_the_same(
    register: Register, token: NewToken, clock: Clock, school: School
) -> None:
    revoked = register.create_token(school.code, Role.PC, actor="me")
    register.revoke_token(revoked.id, "me")
    used = register.create_token(school.code, Role.PC, actor="me")
    register.enrol(request(used), "10.0.0.1")
    short = register.create_token(school.code, Role.PC, actor="me", expires_in=timedelta(minutes=1))
    clock.forward(minutes=2)
    cases = {
        "unknown_token": request(NewToken("nobody", token.secret)),
        "wrong_secret": request(token, secret="guess"),
        "revoked": request(revoked),
        "used_up": request(used, "nonce-0002"),
        "expired": request(short),
    }
    texts = set()
    for reason, given in cases.items():
        with pytest.raises(EnrolRefusedError) as caught:
            register.enrol(given, "10.0.0.1")
        assert caught.value.reason == reason
        texts.add(caught.value.text)
    assert len(texts) == 1


def test_administrator_sees_why_an_enrolment_was_refused(
    register: Register, token: NewToken
) -> None:
    reason_of_refusal(register, request(token, secret="guess"))
    entry = register.audit_entries(1)[0]
    assert (entry.action, entry.subject, entry.source) == ("enrol.refused", token.id, "10.0.0.1")
    assert entry.detail == {"reason": "wrong_secret"}


def test_token_of_one_use_admits_one_of_100_at_once(register: Register, token: NewToken) -> None:
    barrier = threading.Barrier(100)

    def try_it(number: int) -> EnrolReply | None:
        barrier.wait()
        try:
            return register.enrol(request(token, f"nonce-{number:04}"), f"10.0.0.{number}")
        except EnrolRefusedError:
            return None

    with ThreadPoolExecutor(100) as threads:
        replies = [reply for reply in threads.map(try_it, range(100)) if reply]
    assert len(replies) == 1
    assert [agent.id for agent in register.agents()] == [replies[0].agent]
    assert register.tokens()[0].uses == 1


def test_repeated_enrolment_gives_the_same_agent_a_fresh_key(
    register: Register, token: NewToken, clock: Clock
) -> None:
    first = register.enrol(request(token), "10.0.0.1")
    clock.forward(hours=23)
    second = register.enrol(request(token), "10.0.0.1")
    assert (second.agent, second.key != first.key) == (first.agent, True)
    assert len(register.agents()) == 1
    assert register.tokens()[0].uses == 1
    agent = register.agent(first.agent)
    assert agent is not None
    assert agent.key_sha256 == hashlib.sha256(second.key.encode()).digest()


def test_repetition_is_refused_after_the_first_use_of_the_key(
    register: Register, token: NewToken
) -> None:
    reply = register.enrol(request(token), "10.0.0.1")
    register.confirm([reply.agent])
    assert reason_of_refusal(register, request(token)) == "repeated_after_first_use"


def test_repetition_is_refused_after_a_day(
    register: Register, token: NewToken, clock: Clock
) -> None:
    register.enrol(request(token), "10.0.0.1")
    clock.forward(hours=24, seconds=1)
    assert reason_of_refusal(register, request(token)) == "repeated_too_late"


def test_repetition_needs_the_secret_too(register: Register, token: NewToken) -> None:
    register.enrol(request(token), "10.0.0.1")
    assert reason_of_refusal(register, request(token, secret="guess")) == "wrong_secret"


def test_guessing_is_limited_and_a_class_behind_the_same_address_still_enrols(
    register: Register, school: School, token: NewToken
) -> None:
    room = register.create_token(school.code, Role.PC, actor="me", max_uses=40)
    waits = []
    for guess in range(200):
        try:
            register.enrol(request(NewToken(f"guess{guess}", "x")), "10.0.0.1")
        except EnrolRefusedError:
            pass
        except EnrolLimitedError as exc:
            waits.append(exc.seconds)
    assert waits == [60] * 190
    for number in range(40):
        register.enrol(request(room, f"nonce-{number:04}"), "10.0.0.1")
    assert len(register.agents()) == 40


def test_guesses_at_one_token_are_limited_over_all_addresses(
    register: Register, token: NewToken, clock: Clock
) -> None:
    for number in range(100):
        reason_of_refusal(register, request(token, secret="x"))
        clock.forward(seconds=10 + number % 2)
    with pytest.raises(EnrolLimitedError):
        register.enrol(request(token, secret="x"), "10.9.9.9")
    clock.forward(days=1)
    assert reason_of_refusal(register, request(token, secret="x")) == "wrong_secret"


def test_limited_guesses_do_not_fill_the_audit_trail(register: Register, token: NewToken) -> None:
    for _ in range(50):
        with pytest.raises((EnrolRefusedError, EnrolLimitedError)):
            register.enrol(request(token, secret="x"), "10.0.0.1")
    refused = [e for e in register.audit_entries() if e.action == "enrol.refused"]
    assert len(refused) == 10


def test_token_of_a_closed_school_admits_nobody_and_keeps_its_use(
    register: Register, token: NewToken, school: School
) -> None:
    register.close_school(school.code, "me", register.today())
    assert reason_of_refusal(register, request(token)) == "school_closed"
    assert register.tokens()[0].uses == 0


@pytest.mark.parametrize(
    ("life", "uses"), [(timedelta(), 1), (timedelta(days=91), 1), (timedelta(1), 0)]
)
def test_token_beyond_its_bounds_is_refused(
    register: Register, token: NewToken, school: School, life: timedelta, uses: int
) -> None:
    with pytest.raises(TokenError):
        register.create_token(school.code, Role.PC, actor="me", expires_in=life, max_uses=uses)


def test_token_for_an_unknown_school_is_refused(register: Register) -> None:
    with pytest.raises(UnknownSchoolError, match="9900000000"):
        register.create_token("9900000000", Role.PC, actor="me")


def test_token_says_what_state_it_is_in(register: Register, token: NewToken, clock: Clock) -> None:
    fresh = register.tokens()[0]
    assert fresh.state(clock.now) == "usable"
    assert replace(fresh, uses=1).state(clock.now) == "used_up"
    assert fresh.state(clock.now + timedelta(days=1)) == "expired"
    register.revoke_token(token.id, "me")
    assert register.tokens()[0].state(clock.now) == "revoked"


def test_what_a_machine_says_about_itself_loses_control_characters(
    register: Register, token: NewToken
) -> None:
    given = request(token)
    given.hostname = "pc\x1b[31m\n\u202e" + "x" * 200
    reply = register.enrol(given, "10.0.0.1")
    agent = register.agent(reply.agent)
    assert agent is not None
    assert agent.hostname == ("pc[31m" + "x" * 200)[:128]


def test_enrolment_survives_a_crash_of_the_collector(
    register: Register, token: NewToken, path: Path
) -> None:
    reply = register.enrol(request(token), "10.0.0.1")
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT id FROM agent").fetchall()
    connection.close()
    assert rows == [(reply.agent,)]
