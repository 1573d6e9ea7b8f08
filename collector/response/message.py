"""The words of a reminder: which reports are owed, until when, to whom, and what to do first.

Plain text, short enough for a robot (WeCom takes 2,048 bytes). It holds no person's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.alert.message import Message
from collector.judge.judge import COUNTRY_ZONE
from collector.register.model import School
from collector.register.reminders import Reminder, Stage
from collector.register.security_incident import SecurityIncident
from collector.response.clocks import Ticking
from config.answer import Answer
from config.reporting import ReportingRules
from probes.text import Language, Text

CONFIRM = "confirm"
"""In the place of a clock: a candidate waits for a person."""
NAMED = 5
"""Clocks that a message names, those that end first; the others are counted."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """What a reminder is about. `owed` is empty for a candidate."""

    incident: SecurityIncident
    school: School | None
    owed: tuple[Ticking, ...]
    rules: ReportingRules

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.school.time_zone) if self.school else COUNTRY_ZONE

    @property
    def where(self) -> str:
        return self.school.name if self.school else self.incident.school

    @property
    def kind(self) -> Text:
        kind = self.rules.kinds.get(self.incident.kind)
        return kind.title if kind else Text(self.incident.kind, self.incident.kind)


def compose(told: Reminded, leased: Sequence[Reminder], mark: str, now: datetime) -> Message:
    first = leased[0]
    t = _In(first.language)
    id = f"BJS-{mark}-{told.incident.id}-{first.id}"
    head = t("【班均】", "[Banjun] ") + _headline(told, leased, t, now)
    subject = f"{head}{t('：', ': ')}{told.where} · {t.of(told.kind)} ({id})"
    lines = _candidate(told, t) if not told.owed else _clocks(told, t, now)
    if any(one.doubtful for one in leased):
        again = "上次发送没有得到结果，这条可能重复。"
        lines.append(t(again, "The last attempt was cut off, so this may come twice."))
    return Message(id, subject, "\n".join([*lines, f"{t('编号：', 'Message: ')}{id}"]))


@dataclass(frozen=True, slots=True)
class _In:
    """Words in one language."""

    language: Language

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.language is Language.ZH else en

    def of(self, text: Text) -> str:
        return text(self.language)


def _headline(told: Reminded, leased: Sequence[Reminder], t: _In, now: datetime) -> str:
    if not told.owed:
        return t("可能要报告的事件，待确认", "may have to be reported, to be confirmed")
    if any(one.stage is Stage.LATE for one in leased):
        return t("报告已超时", "a report is overdue")
    left = min(each.left for each in told.owed if each.left is not None)
    span = left_words(left)(t.language)
    if any(one.stage is Stage.SOON for one in leased):
        return t(f"报告时限将到，{span}", f"a report is due soon, {span}")
    return t(f"网络安全事件须报告，{span}", f"security incident to be reported, {span}")


def _candidate(told: Reminded, t: _In) -> list[str]:
    incident = told.incident
    seen = _local(incident.first_seen, told.zone)
    return [
        t(f"监测发现：{incident.finding}，起于 {seen}", f"Found: {incident.finding}, since {seen}"),
        t("时限从有人确认（获知）时起算。", "The clocks start when a person takes note of it."),
        t("先做：", "First:"),
        f"1. banjun-collector incident confirm {incident.id}",
        t(
            f"2. 不是网络安全事件：incident dismiss {incident.id} --because …",
            f"2. If it is none: incident dismiss {incident.id} --because ...",
        ),
    ]


def _clocks(told: Reminded, t: _In, now: datetime) -> list[str]:
    incident = told.incident
    assert incident.known_at is not None
    first = sorted(told.owed, key=lambda each: each.left or timedelta(0))
    known = _local(incident.known_at, told.zone)
    lines = [t(f"获知于 {known}", f"Known since {known}")]
    lines += [_clock_line(told, each, t) for each in first[:NAMED]]
    if (more := len(first) - NAMED) > 0:
        lines.append(t(f"另有 {more} 项。", f"{more} more."))
    id, soonest = incident.id, first[0].clock.id
    return [
        *lines,
        t("先做：", "First:"),
        f"1. banjun-collector incident report {id} --out {id}.docx",
        t(
            f"2. 报出后：incident sent {id} {soonest} --to … --by …",
            f"2. Once sent: incident sent {id} {soonest} --to ... --by ...",
        ),
    ]


def _clock_line(told: Reminded, each: Ticking, t: _In) -> str:
    assert each.due_at is not None
    assert each.left is not None
    to = t("、", ", ").join(t.of(told.rules.authorities[id].title) for id in each.clock.to)
    aim = "" if each.clock.limit_is_law else t("（内部目标）", " (aim of our own)")
    maybe = t("［不能排除］", " [cannot be ruled out]") if each.applies is Answer.UNKNOWN else ""
    due = _local(each.due_at, told.zone)
    left = left_words(each.left)(t.language)
    return t(
        f"{each.clock.id} 报{to}：{due} 前，{left}{aim}{maybe}",
        f"{each.clock.id} to {to}: until {due}, {left}{aim}{maybe}",
    )


def left_words(left: timedelta) -> Text:
    """`剩 3 小时 59 分`, `已超 12 分`; whole minutes, downwards."""
    minutes = int(abs(left).total_seconds() // 60)
    days, rest = divmod(minutes, 1440)
    hours, rest = divmod(rest, 60)
    if days:
        span = Text(f"{days} 天 {hours} 小时", f"{days} d {hours} h")
    elif hours:
        span = Text(f"{hours} 小时 {rest} 分", f"{hours} h {rest} min")
    else:
        span = Text(f"{rest} 分", f"{rest} min")
    if left < timedelta(0):
        return Text(f"已超 {span.zh}", f"{span.en} too late")
    return Text(f"剩 {span.zh}", f"{span.en} left")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M %Z")
