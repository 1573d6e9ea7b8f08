"""The words of a message: what, where, since when, on what evidence, what to do first, and links.

Plain text, the same for a robot, mail or a webhook, and short enough for each of them (WeCom takes
2,048 bytes). It is composed when it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.alert.scene import Scene
from collector.judge.judge import COUNTRY_ZONE
from collector.judge.standing import CONTACT, REASONS, STATES
from collector.lan.kept import sentence
from collector.register.incident import COLLECTOR, Delivery, Incident, Kind, Part, is_worse
from collector.register.model import State
from config.quantity import show
from config.runbook_file import RunbookPage
from probes.model import Unit
from probes.text import Language, Text

SILENT = Text("失联", "silent")
"""The severity of a school of which nothing is heard."""
_CLOSED = Text("恢复", "over")
_WHOLE = Text("曾{}，已恢复", "was {}, over")
_WORSE = Text("变坏，{}", "worse, {}")
NAMED = 3
"""Machines that a message names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Message:
    """`id` tells a message that arrives twice from two messages."""

    id: str
    subject: str
    body: str


def severity_words(severity: State) -> Text:
    return SILENT if severity is State.UNKNOWN else STATES[severity]


def message_id(mark: str, delivery: Delivery) -> str:
    return f"BJ-{mark}-{delivery.incident}-{delivery.number}"


def compose(delivery: Delivery, incident: Incident, scene: Scene, now: datetime) -> Message:
    """`delivery` says the kind and the language."""
    told = _Telling(incident, scene, delivery.language, now)
    id = message_id(scene.mark, delivery)
    over = delivery.kind in (Kind.CLOSED, Kind.WHOLE)
    lines = [
        *told.what(),
        *told.when(),
        *([] if over else told.first_steps()),
        *told.links(),
        *told.identity(id, delivery),
    ]
    head = told.t("【班均】", "[Banjun] ")
    subject = f"{head}{told.headline(delivery.kind)}{told.t('：', ': ')}{told.where()}"
    return Message(id, f"{subject} · {told.title()} ({id})", "\n".join(lines))


class _Telling:
    """One incident in one language."""

    def __init__(self, incident: Incident, scene: Scene, language: Language, now: datetime) -> None:
        self._incident = incident
        self._scene = scene
        self._language = language
        self._now = now
        school = scene.schools.get(incident.school)
        self._zone = ZoneInfo(school.time_zone) if school else COUNTRY_ZONE
        self._part = leading(incident.parts)

    def t(self, zh: str, en: str) -> str:
        return zh if self._language is Language.ZH else en

    def headline(self, kind: Kind) -> str:
        severity = severity_words(self._incident.severity)(self._language)
        if kind is Kind.CLOSED:
            return _CLOSED(self._language)
        pattern = {Kind.WHOLE: _WHOLE, Kind.WORSE: _WORSE}.get(kind, Text("{}", "{}"))
        return pattern(self._language).format(severity)

    def where(self) -> str:
        school = self._scene.schools.get(self._incident.school)
        if school is not None:
            return school.name
        return self._incident.school or self.t("采集器", "the collector")

    def title(self) -> str:
        return self._scene.policy.title(self._incident.cause)(self._language)

    def what(self) -> list[str]:
        if self._incident.cause == COLLECTOR:
            return [self._page().meaning(self._language), self._silent_schools()]
        if self._part is None:
            return [f"{self.where()}{self.t('：', ': ')}{self.title()}"]
        others = len(self._incident.parts) - 1
        more = self.t(f"另有 {others} 项。", f" {others} more of the same cause.") if others else ""
        then = "" if self._incident.closed_at is None else self.t("（当时）", ", then")
        return [f"{self.where()}{then}{self.t('：', ': ')}{self._evidence(self._part)}{more}"]

    def _silent_schools(self) -> str:
        codes = [
            p.watched.school for p in self._incident.parts if p.watched.threshold == CONTACT.id
        ]
        found = [self._scene.schools[code].name for code in codes if code in self._scene.schools]
        names = self.t("、", ", ").join(found[:NAMED])
        total = len(self._scene.expected)
        return self.t(
            f"没有消息的学校 {len(codes)} 所，应有消息的 {total} 所：{names}等。",
            f"{len(codes)} schools are silent of {total} that should not be: {names} and others.",
        )

    def _evidence(self, part: Part) -> str:
        title = self._scene.policy.threshold_title(part.watched.threshold)(self._language)
        if part.watched.threshold in self._scene.policy.attacks:
            return self._finding(part, title)
        reason = REASONS.get(part.reason)
        if reason is not None:
            return reason(self._language)
        value = show(part.value, Unit(part.unit), self._language)
        bound = show(part.bound, Unit(part.unit), self._language)
        on = self.t(f"（{self._machine(part)}）", f" ({self._machine(part)})")
        return self.t(
            f"{title} {value}，界限 {bound}{on}。", f"{title} {value}, bound {bound}{on}."
        )

    def _finding(self, part: Part, title: str) -> str:
        """Who did it, where, seen by how many, and on what ground."""
        kept = self._scene.findings.get(part.watched)
        what = part.watched.target if kept is None else sentence(kept)(self._language)
        return self.t(f"{title}：{what}。", f"{title}: {what}.")

    def _machine(self, part: Part) -> str:
        agent = self._scene.agents.get(part.watched.agent)
        name = agent.hostname if agent and agent.hostname else part.watched.agent[:8]
        local = part.watched.target in ("", "local")
        return name if local else f"{name} → {part.watched.target}"

    def when(self) -> list[str]:
        since = self._local(self._incident.since)
        ended = self._incident.closed_at
        lasted = self._lasted((ended or self._now) - self._incident.since)
        if ended is None:
            return [self.t(f"起于：{since}，已 {lasted}", f"Since: {since}, for {lasted}")]
        until = self._local(ended)
        return [
            self.t(
                f"起于：{since}，止于：{until}，共 {lasted}",
                f"From {since} to {until}, {lasted}",
            )
        ]

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M %Z")

    def _lasted(self, span: timedelta) -> str:
        """Whole minutes, at least one: `8 分钟`, `2 小时 17 分钟`."""
        hours, minutes = divmod(max(1, round(span.total_seconds() / 60)), 60)
        said = self.t(f"{minutes} 分钟", f"{minutes} min")
        return self.t(f"{hours} 小时 {said}", f"{hours} h {said}") if hours else said

    def first_steps(self) -> list[str]:
        steps = enumerate(self._page().steps, 1)
        return [self.t("先做：", "First:"), *(f"{n}. {s(self._language)}" for n, s in steps)]

    def _page(self) -> RunbookPage:
        runbook = self._scene.policy.runbook
        if self._incident.cause == COLLECTOR or self._part is None:
            return runbook[COLLECTOR]
        return runbook.get(self._part.watched.threshold, runbook[CONTACT.id])

    def links(self) -> list[str]:
        url, language = self._scene.public_url.rstrip("/"), self._language.value
        school = self._incident.school
        page = (
            f"{url}/schools/{school}?lang={language}#now" if school else f"{url}/?lang={language}"
        )
        runbook = f"{url}/runbook/{self._page().id}?lang={language}"
        return [
            f"{self.t('学校页面：', 'Page: ')}{page}",
            f"{self.t('处置手册：', 'Runbook: ')}{runbook}",
        ]

    def identity(self, id: str, delivery: Delivery) -> list[str]:
        lines = [f"{self.t('编号：', 'Message: ')}{id}"]
        if delivery.doubtful:
            again = "上次发送没有得到结果，这条可能重复。"
            lines.append(self.t(again, "The last attempt was cut off, so this may come twice."))
        return lines


def leading(parts: Sequence[Part]) -> Part | None:
    """What a message is about: of what is bad, or was, the worst, and of these the first."""
    found: Part | None = None
    for part in [p for p in parts if p.is_bad] or parts:
        if found is None or is_worse(part.state, found.state):
            found = part
    return found
