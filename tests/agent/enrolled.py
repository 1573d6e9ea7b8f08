"""An agent that is enrolled, as its collector and it itself know it."""

from __future__ import annotations

from agent.identity import Identity
from probes.wire import EnrolReply

ENROLMENT = EnrolReply(1, "agent1", "k" * 64, "3401000001", "示范小学", "pc")


def identity_at(url: str) -> Identity:
    return Identity(
        agent=ENROLMENT.agent,
        key=ENROLMENT.key,
        school=ENROLMENT.school,
        school_name=ENROLMENT.school_name,
        role=ENROLMENT.role,
        url=url,
    )
