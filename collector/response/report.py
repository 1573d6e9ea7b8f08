"""A report about a security incident: its headings and rows, made of the record and the register.

What nobody knows is said to be unknown, and what a person has to write is left open; nothing is
made up. The words are settled when a version is made, and kept, so that it can be printed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from collector.register.incident import Incident
from collector.register.model import School
from collector.register.security_incident import MadeReport, SecurityIncident
from collector.response.weigh import Scale
from config.answer import ANSWERS, Answer
from config.contact_file import HEAD, OFFICER, Contact, contact_for
from config.incident_fact import FACTS, FactKind, Value
from config.quantity import show
from config.reporting import Part, ReportingRules, ReportItem
from probes.model import Unit
from probes.text import Language, Text

OPEN = Text("【待补充】", "[to be completed]")
NOT_KNOWN = ANSWERS[Answer.UNKNOWN]


class ReportKind(StrEnum):
    FIRST = "first"
    SUPPLEMENT = "supplement"
    CLOSING = "closing"


TITLES: Mapping[ReportKind, Text] = {
    ReportKind.FIRST: Text("网络安全事件报告（首次）", "Report of a security incident (first)"),
    ReportKind.SUPPLEMENT: Text(
        "网络安全事件报告（补充）", "Report of a security incident (supplement)"
    ),
    ReportKind.CLOSING: Text("网络安全事件总结报告", "Closing report of a security incident"),
}
_PARTS: Mapping[ReportKind, tuple[Part, ...]] = {
    ReportKind.FIRST: (Part.FIRST,),
    ReportKind.SUPPLEMENT: (Part.FIRST, Part.FOLLOW),
    ReportKind.CLOSING: (Part.CLOSING,),
}
_UNIT_KINDS: Mapping[str, Text] = {
    "school": Text("学校", "school"),
    "point": Text("教学点", "teaching point"),
    "campus": Text("校区", "campus"),
    "office": Text("机关", "office"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """`asks`: a person has to write it; the name of the fact, or the contact that is missing."""

    label: str
    value: str
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`version` counts the reports of its kind about this incident, from 1."""

    kind: ReportKind
    version: int
    incident: int
    language: Language
    title: str
    policy_revision: str
    made_at: str
    sections: tuple[Section, ...]

    @property
    def body(self) -> str:
        """The text over which the hash is taken: everything but version and time."""
        colon = Text("：", ": ")(self.language)
        lines = [self.title]
        for section in self.sections:
            rows = (f"{row.label}{colon}{row.value}" for row in section.rows)
            lines += ["", section.title, *rows]
        return "\n".join(lines) + "\n"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()

    @property
    def asked(self) -> tuple[str, ...]:
        """What a person has still to write, each once."""
        rows = (row for section in self.sections for row in section.rows)
        return tuple(dict.fromkeys(row.asks for row in rows if row.asks))

    @property
    def imprint(self) -> str:
        """The last line of every file."""
        said = Text(
            f"事件 {self.incident} · 第 {self.version} 版 · 生成于 {self.made_at} · "
            f"规则版本 {self.policy_revision} · 正文 SHA-256 {self.sha256}",
            f"Incident {self.incident} · version {self.version} · made {self.made_at} · "
            f"rules {self.policy_revision} · SHA-256 of the text {self.sha256}",
        )
        return said(self.language)

    def content(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def read_report(made: MadeReport) -> Report:
    """A version as it was made."""
    plain = dict(made.content)
    sections = tuple(
        Section(one["title"], tuple(Row(**row) for row in one["rows"])) for one in plain["sections"]
    )
    plain |= {"kind": ReportKind(plain["kind"]), "language": Language(plain["language"])}
    return Report(**{**plain, "sections": sections})


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of. `operational`: the incidents that it came from."""

    incident: SecurityIncident
    school: School
    rules: ReportingRules
    contacts: Sequence[Contact]
    operational: Sequence[Incident]
    now: datetime


def compose(kind: ReportKind, material: Material, language: Language) -> Report:
    """The next version; its number is that of the last one where the text is the same."""
    sections = tuple(_Writing(material, language).sections(kind))
    made = [each for each in material.incident.reports if each.kind == kind.value]
    report = Report(
        kind=kind,
        version=len(made) + 1,
        incident=material.incident.id,
        language=language,
        title=TITLES[kind](language),
        policy_revision=material.rules.revision,
        made_at=_stamp(material.now, ZoneInfo(material.school.time_zone)),
        sections=sections,
    )
    same = [each for each in made if each.sha256 == report.sha256]
    return read_report(same[-1]) if same else report


class _Writing:
    """One incident in one language."""

    def __init__(self, material: Material, language: Language) -> None:
        self._of = material
        self._language = language
        self._incident = material.incident
        self._school = material.school
        self._zone = ZoneInfo(material.school.time_zone)
        self._scale = Scale(material.incident, material.rules, material.now)

    def sections(self, kind: ReportKind) -> Iterable[Section]:
        if kind is ReportKind.CLOSING:
            rows = (*self._unit(), *self._times())
            yield Section(self._t("单位与事件", "The organisation and the incident"), rows)
        for item in self._of.rules.items:
            if item.part in _PARTS[kind]:
                yield Section(self._say(item.title), tuple(self._rows(item)))
        if kind is ReportKind.FIRST:
            follow = self._t("后续补报", "To follow")
            yield Section(follow, tuple(self._to_follow()))

    def _rows(self, item: ReportItem) -> Iterable[Row]:
        if item.id == "unit":
            yield from self._unit()
        if item.id == "event":
            yield from self._times()
            yield from self._kind()
        for name in item.facts:
            yield self._fact(name)
        for name in item.needs:
            yield self._needed(name)
        if item.id == "event":
            yield from self._done()

    def _to_follow(self) -> Iterable[Row]:
        for item in self._of.rules.items:
            if item.part is Part.FOLLOW:
                known = [self._fact(n) for n in (*item.needs, *item.facts)
                         if self._scale.value(n) is not None]  # fmt: skip
                later = self._t("补报", "to follow")
                said = "；".join(row.value for row in known) or later
                yield Row(self._say(item.title), said)

    def _unit(self) -> Iterable[Row]:
        school = self._school
        kind = _UNIT_KINDS[school.unit_kind]
        yield self._row("单位名称", "name", school.name)
        yield self._row("学校标识码", "school code", school.code)
        yield self._row("行政区划代码", "adcode", school.adcode)
        yield self._row("单位类型", "kind of organisation", self._say(kind))
        yield self._row("互联网线路", "lines", self._lines())
        officer, head = self._contact(OFFICER), self._contact(HEAD)
        title = self._t("网络安全负责人", "security officer")
        yield Row(title, officer) if officer else Row(title, self._say(OPEN), asks=OFFICER)
        if head:
            yield self._row("单位负责人", "head", head)

    def _lines(self) -> str:
        found = []
        for line in self._school.links:
            rate = line.contract_down_bits_per_second
            said = show(rate, Unit.BITS_PER_SECOND, self._language) if rate else ""
            found.append(" ".join(word for word in (line.isp or line.name, said) if word))
        return "；".join(found) or self._say(NOT_KNOWN)

    def _contact(self, who: str) -> str:
        """Role, name and number; "" when contacts.toml has none."""
        school = self._school
        found = contact_for(self._of.contacts, who, school.code, school.adcode)
        return found.words if found else ""

    def _times(self) -> Iterable[Row]:
        incident = self._incident
        yield self._row("首次发现", "first seen", self._at(incident.first_seen))
        known = self._at(incident.known_at)
        by = f"（{incident.known_by}）" if incident.known_by else ""
        yield self._row("获知", "known", f"{known}{by}")
        if incident.ended_at is not None:
            yield self._row("处置结束", "dealt with", self._at(incident.ended_at))

    def _kind(self) -> Iterable[Row]:
        kind = self._of.rules.kinds.get(self._incident.kind)
        title = kind.title if kind else Text(self._incident.kind, self._incident.kind)
        yield self._row("事件类型", "kind", self._say(title))
        yield self._row("研判级别", "class", self._say(self._scale.graded.words))
        if self._incident.finding:
            yield self._row("监测来源", "detected by", self._incident.finding)
        for name in kind.facts if kind else ():
            yield self._fact(name)

    def _done(self) -> Iterable[Row]:
        """What the register itself knows to have been done."""
        for one in self._of.operational:
            if one.acknowledged_at is not None:
                said = f"{self._at(one.acknowledged_at)} {one.acknowledged_by} {one.note}".strip()
                yield self._row("处置记录", "on record", said)
        for sent in self._incident.sent:
            said = f"{self._at(sent.at)} {sent.clock} → {sent.to} {sent.way}".strip()
            yield self._row("已报告", "reported", said)

    def _needed(self, name: str) -> Row:
        row = self._fact(name)
        if self._scale.value(name) is not None or name in self._incident.facts:
            return row
        return Row(row.label, self._say(OPEN), asks=name)

    def _fact(self, name: str) -> Row:
        value = self._scale.value(name)
        if name == "place" and value is None:
            value = self._school.name
        return Row(self._say(FACTS[name].title), self._value(name, value))

    def _value(self, name: str, value: Value) -> str:
        fact = FACTS[name]
        if value is None:
            return self._say(NOT_KNOWN)
        if fact.kind is FactKind.ANSWER:
            return self._say(ANSWERS[Answer(str(value))])
        if fact.kind is FactKind.CHOICE:
            return self._say(dict(fact.choices)[str(value)])
        if fact.kind is FactKind.INSTANT:
            return self._at(datetime.fromisoformat(str(value)))
        return f"{value:,}" if isinstance(value, int) else value

    def _row(self, zh: str, en: str, value: str) -> Row:
        return Row(self._t(zh, en), value)

    def _at(self, at: datetime | None) -> str:
        return self._say(NOT_KNOWN) if at is None else _stamp(at, self._zone)

    def _say(self, text: Text) -> str:
        return text(self._language)

    def _t(self, zh: str, en: str) -> str:
        return Text(zh, en)(self._language)


def _stamp(at: datetime, zone: ZoneInfo) -> str:
    """`2026-11-23 08:30:15+08:00`"""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
