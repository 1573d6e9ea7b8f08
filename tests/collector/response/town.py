"""A register with one school, a clock that stands still until the test moves it, and a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.register.model import Link, School
from collector.register.register import Register
from collector.register.security_incident import SecurityIncident
from collector.response.clocks import ClockState, Ticking, clocks_of
from collector.response.report import Material, Report, ReportKind, compose
from collector.response.steps import Steps
from config.contact_file import OFFICER, Contact
from config.reporting_file import load_reporting
from probes.text import Language

SHANGHAI, URUMQI = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Urumqi")
SCHOOL = "9934000001"
EVENING = datetime(2026, 11, 23, 22, 30, tzinfo=SHANGHAI)
"""Late enough that four hours cross midnight."""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RULES = load_reporting()
OFFICER_CONTACT = Contact(who=OFFICER, role="网络安全管理员", phone="000-00000000")


class Town:
    def __init__(self, folder: Path, zone: ZoneInfo = SHANGHAI) -> None:
        self.now = EVENING
        self.path = folder / "register.sqlite3"
        self.zone = zone
        self.rules = RULES
        self.contacts: tuple[Contact, ...] = (OFFICER_CONTACT,)
        self.register = Register.open(self.path, lambda: self.now)
        self.school = School(
            code=SCHOOL, name="示范学校", adcode="340199", time_zone=zone.key,
            links=(Link(name="主线路", isp="示例电信", contract_down_bits_per_second=300_000_000),),
        )  # fmt: skip
        self.register.put_schools([self.school], actor="test")

    @property
    def steps(self) -> Steps:
        return Steps(self.register.security, self.rules, self.zone, "cli:test")

    def restart(self) -> None:
        """Another process over the same register."""
        self.register.close()
        self.register = Register.open(self.path, lambda: self.now)

    def open(self, kind: str, **facts: str) -> SecurityIncident:
        return self.steps.open(SCHOOL, kind, facts=facts)

    def clocks(self, id: int = 1) -> dict[str, Ticking]:
        found = clocks_of(self.register.security.one(id), self.rules, self.now)
        return {each.clock.id: each for each in found}

    def states(self, id: int = 1) -> dict[str, ClockState]:
        return {name: each.state for name, each in self.clocks(id).items()}

    def running(self, id: int = 1) -> set[str]:
        return {name for name, each in self.clocks(id).items() if each.is_owed}

    def send(self, clock: str, id: int = 1, at: str = "") -> SecurityIncident:
        return self.steps.sent(id, clock, to="收件单位", by="安全员", at=at, way="电话")

    def report(
        self, kind: ReportKind = ReportKind.FIRST, id: int = 1, language: Language = Language.ZH
    ) -> Report:
        def make(incident: SecurityIncident) -> Report:
            return compose(kind, self.material(incident), language)

        return self.steps.report(id, make)

    def material(self, incident: SecurityIncident) -> Material:
        school = self.register.school(SCHOOL, self.register.today())
        assert school is not None
        found = self.register.incidents(school=SCHOOL)
        return Material(
            incident=incident,
            school=school,
            rules=self.rules,
            contacts=self.contacts,
            operational=[one for one in found if one.id in incident.incidents],
            now=self.now,
        )

    def rename(self, name: str) -> None:
        self.school = replace(self.school, name=name)
        self.register.put_schools([self.school], actor="test")
