"""One school at one moment: what the detectors find, and what is learned. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.lan import dhcp
from collector.lan.detector import Detector
from collector.lan.detectors import rogue_router
from collector.lan.facts import Facts
from collector.lan.gateways import Gateways
from collector.lan.known import Fact, Known, Learned, Since
from collector.lan.look import Answers, Finding, Look
from collector.lan.site import Site
from collector.register.model import Agent
from config.lan_file import LanPolicy

log = logging.getLogger(__name__)

GATEWAY, DHCP, ROUTER = "gateway_impersonated", "rogue_dhcp", "rogue_router"
"""Kinds whose suspects are never learned."""


@dataclass(frozen=True, slots=True)
class Round:
    """Findings by kind; what is new to know, and what must not be trusted after all."""

    findings: Mapping[str, list[Finding]]
    learned: Mapping[Fact, Since] = field(default_factory=dict)
    forgotten: frozenset[Fact] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """What is given of one school; see Look."""

    code: str
    site: Site | None
    facts: Facts
    known: Mapping[Fact, Since]
    open: Mapping[str, frozenset[str]]
    agents: Mapping[str, Agent]


def look_round(
    school: School,
    detectors: Mapping[str, Detector],
    policy: LanPolicy,
    answers: Answers,
    now: datetime,
) -> Round:
    known, gateways = _known(school, policy, now)
    looks = {
        id: Look(
            school=school.code,
            site=school.site,
            facts=school.facts,
            known=known,
            gateways=gateways,
            open=school.open.get(id, frozenset()),
            agents=school.agents,
            answers=answers,
            attack=policy.attacks[id],
            now=now,
        )
        for id in detectors
    }
    findings = {id: _find(detectors[id], look) for id, look in looks.items()}
    seen = [
        *gateways.to_learn(_suspects(findings, GATEWAY)),
        *dhcp.to_learn(looks[DHCP], _suspects(findings, DHCP)),
        *rogue_router.to_learn(looks[ROUTER], _suspects(findings, ROUTER)),
    ]
    return Round(
        {id: found for id, found in findings.items() if found},
        Known(school.known, now).learn(seen, policy.settle),
        frozenset(_forgotten(school.known, findings, now)),
    )


def _known(school: School, policy: LanPolicy, now: datetime) -> tuple[Known, Gateways]:
    """With the gateways that are seen for the first time: these are the school's own at once."""
    before = Known(school.known, now)
    seen = Gateways(school.site, school.facts, before, school.agents).to_learn(())
    first = {f: s for f, s in before.learn(seen, policy.settle).items() if s.trusted <= now}
    known = Known({**school.known, **first}, now)
    return known, Gateways(school.site, school.facts, known, school.agents)


def _find(detector: Detector, look: Look) -> list[Finding]:
    """One detector that fails keeps none of the others from looking, and no other school."""
    try:
        return list(detector.find(look))
    except Exception:
        log.exception("%s failed at school %s", detector.id, look.school)
        return []


def _suspects(findings: Mapping[str, list[Finding]], kind: str) -> frozenset[str]:
    return frozenset(
        word for f in findings.get(kind, ()) for word in (*f.subject.split(), *f.suspects)
    )


def _forgotten(
    known: Mapping[Fact, Since], findings: Mapping[str, list[Finding]], now: datetime
) -> Iterable[Fact]:
    """What was learned before it became suspect."""
    of = {
        Learned.GATEWAY: _suspects(findings, GATEWAY),
        Learned.DHCP: _suspects(findings, DHCP),
        Learned.ROUTER: _suspects(findings, ROUTER),
    }
    for fact, since in known.items():
        if since.trusted > now and of[fact.kind] & {fact.value, *fact.value.split()}:
            yield fact
