"""What alerting knows beside flips: schools, machines, policy, and where the pages are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.judge.standing import CONTACT
from collector.lan.detector import check_policy, discover
from collector.lan.kept import Kept
from collector.register.incident import COLLECTOR
from collector.register.model import Agent, School, Watched
from collector.register.security_incident import SECURITY
from config.incident_file import IncidentRules, load_incident_rules
from config.lan_file import Attack, load_lan_policy
from config.policy_folder import POLICY_FOLDER, PolicyFolder
from config.route_file import Route, load_routes
from config.runbook_file import RunbookPage, load_runbook
from config.threshold import Threshold
from probes.text import Text


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What people decided about alerts; it holds from a start of the collector to the next.

    `attacks`: what may be found on a school's network, by kind.
    """

    thresholds: Mapping[str, Threshold]
    rules: IncidentRules
    routes: tuple[Route, ...]
    runbook: Mapping[str, RunbookPage]
    attacks: Mapping[str, Attack] = field(default_factory=dict)

    def title(self, cause: str) -> Text:
        """Of a cause; one that policy no longer has stands for itself."""
        if cause == COLLECTOR:
            return self.runbook[COLLECTOR].title
        if cause in self.rules.titles:
            return self.rules.titles[cause]
        return self.threshold_title(cause)

    def threshold_title(self, id: str) -> Text:
        """Of a threshold, or of a kind of attack."""
        if id in self.attacks:
            return self.attacks[id].title
        return self.thresholds[id].title if id in self.thresholds else Text(id, id)


def read_alert_policy(
    thresholds: Sequence[Threshold], folder: PolicyFolder = POLICY_FOLDER
) -> AlertPolicy:
    """Incidents, routes and runbook. Raises PolicyError."""
    rows = {row.id: row for row in (CONTACT, *thresholds)}
    lan = load_lan_policy(folder)
    check_policy(lan, discover())
    ids = [*rows, *lan.attacks]
    rules = load_incident_rules(ids, folder)
    causes = {*(rules.cause(id) for id in ids), COLLECTOR, SECURITY}
    runbook = load_runbook([*ids, COLLECTOR], folder)
    return AlertPolicy(rows, rules, load_routes(causes, folder), runbook, lan.attacks)


@dataclass(frozen=True, slots=True)
class Scene:
    """The register as alerting sees it at one moment.

    Attributes:
        public_url: where people reach the pages.
        mark: some letters of this register, so that numbers of two collectors are told apart.
        findings: what was found on networks, as far as a message needs it.
    """

    policy: AlertPolicy
    schools: Mapping[str, School]
    agents: Mapping[str, Agent]
    public_url: str
    mark: str
    findings: Mapping[Watched, Kept] = field(default_factory=dict)
    expected: frozenset[str] = field(init=False)
    """Schools whose silence counts: they have an agent that is always on, and has been heard."""

    def __post_init__(self) -> None:
        roles = self.policy.rules.contact_roles
        found = (a for a in self.agents.values() if a.role in roles and a.confirmed)
        codes = {a.school for a in found if not a.revoked and a.school in self.schools}
        object.__setattr__(self, "expected", frozenset(codes))


def contact_of(school: str) -> Watched:
    return Watched(school, "", "", CONTACT.id)
