"""What can be known of a security incident: the names, their kinds, and how a person writes them.

A fact that nobody gave is not known; it is never taken for "no" or for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from config.answer import Answer
from probes.text import BanjunError, Text

UNKNOWN = "unknown"
MOST_LETTERS = 2000

Value = str | int | None
"""As it is kept: a whole number, an instant as ISO 8601 in UTC, else words. None: not known."""


class FactError(BanjunError):
    """There is no such fact, or its value cannot be read."""


class FactKind(StrEnum):
    ANSWER = "answer"
    COUNT = "count"
    YUAN = "yuan"
    CHOICE = "choice"
    INSTANT = "instant"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Fact:
    """`choices`: of a choice, and what each is called."""

    name: str
    kind: FactKind
    title: Text
    choices: tuple[tuple[str, Text], ...] = ()


class IncidentClass(StrEnum):
    """The classes of the national guide, the least first."""

    GENERAL = "general"
    LARGE = "large"
    MAJOR = "major"
    EXTRAORDINARY = "extraordinary"

    @property
    def rank(self) -> int:
        return tuple(IncidentClass).index(self)


CLASSES: dict[IncidentClass, Text] = {
    IncidentClass.GENERAL: Text("一般", "general"),
    IncidentClass.LARGE: Text("较大", "relatively large"),
    IncidentClass.MAJOR: Text("重大", "major"),
    IncidentClass.EXTRAORDINARY: Text("特别重大", "extraordinarily large"),
}


def _answer(name: str, zh: str, en: str) -> Fact:
    return Fact(name, FactKind.ANSWER, Text(zh, en))


def _count(name: str, zh: str, en: str) -> Fact:
    return Fact(name, FactKind.COUNT, Text(zh, en))


def _instant(name: str, zh: str, en: str) -> Fact:
    return Fact(name, FactKind.INSTANT, Text(zh, en))


def _words(name: str, zh: str, en: str) -> Fact:
    return Fact(name, FactKind.WORDS, Text(zh, en))


_ALL = (
    # What decides the class and the clocks.
    _answer(
        "personal_data", "涉及个人信息泄露、篡改、丢失", "personal data leaked, altered or lost"
    ),
    _answer("minors", "涉及未成年人", "minors are concerned"),
    _count("persons", "涉及人数", "persons concerned"),
    _answer("data", "涉及数据泄露、篡改、破坏、丢失", "data leaked, altered, destroyed or lost"),
    _answer("important_data", "涉及重要数据", "important data concerned"),
    _answer("core_data", "涉及核心数据", "core data concerned"),
    _answer("case", "属于案件（涉嫌违法犯罪）", "a case for the police"),
    _answer("illegal_content", "出现违法有害信息", "illegal or harmful content was shown"),
    _answer("cii", "涉及关键信息基础设施", "critical information infrastructure concerned"),
    _answer("endangers", "漏洞危及国家安全或公共利益", "endangers national security or the public"),
    Fact(
        "page",
        FactKind.CHOICE,
        Text("出现在哪一页", "on which page"),
        (("home", Text("主页", "the home page")), ("other", Text("其他页面", "another page"))),
    ),
    _instant("shown_since", "页面被篡改起于", "page altered since"),
    _instant("shown_until", "页面恢复于", "page restored at"),
    _count("views", "浏览次数", "views"),
    _count("forwards", "转发次数", "forwards"),
    Fact("loss", FactKind.YUAN, Text("直接经济损失（元）", "direct loss in yuan")),
    Fact(
        "class",
        FactKind.CHOICE,
        Text("研判的级别", "class as a person judges it"),
        tuple((each.value, words) for each, words in CLASSES.items()),
    ),
    # What a report says beside.
    _words("system", "受影响的系统或设施", "system or facility concerned"),
    _words("place", "地点", "place"),
    _instant("occurred_at", "发生时间", "occurred at"),
    _words("harm", "已造成的影响和危害", "effects and harm so far"),
    _words("measures", "已采取的措施及效果", "measures taken, and their effect"),
    _words("data_kinds", "涉及的数据种类", "kinds of data concerned"),
    _count("hosts", "受影响的计算机数", "computers concerned"),
    Fact("ransom", FactKind.YUAN, Text("赎金金额（元）", "ransom in yuan")),
    _words("ransom_method", "赎金支付方式", "how the ransom is to be paid"),
    _words("ransom_date", "赎金支付日期", "when the ransom is to be paid"),
    _words("trend", "事态发展趋势", "how it may go on"),
    _words("cause", "事件原因", "cause"),
    _words("clues", "溯源线索", "clues for tracing it"),
    _words("next_steps", "拟采取的措施与请求支援", "measures to come, and help asked for"),
    _words("scene", "现场保护情况", "how the scene is preserved"),
    _words("other", "其他情况", "anything else"),
    _words("accountability", "责任追究", "who was held responsible"),
    _words("rectification", "整改情况", "what was put right"),
    _words("lessons", "教训", "lessons"),
    _words("note", "备注", "remark"),
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _ALL}


def find_fact(name: str) -> Fact:
    """Raises FactError with the names that there are."""
    if name not in FACTS:
        known = ", ".join(FACTS)
        raise FactError(
            Text(
                f"没有事实“{name}”；可用的有：{known}。",
                f"There is no fact {name!r}; known: {known}.",
            )
        )
    return FACTS[name]


def read_value(name: str, text: str, zone: tzinfo, now: datetime) -> Value:
    """What a person wrote, as it is kept; `unknown` is None.

    An instant without an offset is in `zone`. Raises FactError, also for an instant to come.
    """
    fact, text = find_fact(name), text.strip()
    if text == UNKNOWN:
        return None
    match fact.kind:
        case FactKind.ANSWER:
            return _one_of(fact, text, [Answer.YES.value, Answer.NO.value])
        case FactKind.CHOICE:
            return _one_of(fact, text, [choice for choice, _ in fact.choices])
        case FactKind.COUNT | FactKind.YUAN:
            return _number(fact, text)
        case FactKind.INSTANT:
            return read_instant(fact.title, text, zone, now).isoformat()
        case FactKind.WORDS:
            return _some_words(fact, text)


def read_instant(what: Text, text: str, zone: tzinfo, now: datetime) -> datetime:
    """`2026-11-23T08:30`, with or without an offset. Raises FactError."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or len(text.strip()) < len("2026-11-23T08:30"):
        raise FactError(
            Text(
                f"{what.zh}“{text}”不是时刻；请写成 2026-11-23T08:30 或 2026-11-23T08:30+08:00。",
                f"{what.en}: {text!r} is no instant; write 2026-11-23T08:30, or with an offset "
                "2026-11-23T08:30+08:00.",
            )
        )
    at = at.replace(tzinfo=zone) if at.tzinfo is None else at
    if at > now + timedelta(minutes=1):  # a minute, since people write whole ones
        local = now.astimezone(zone).isoformat(timespec="minutes")
        raise FactError(
            Text(
                f"{what.zh}“{text}”还没有到；现在是 {local}。请核对日期和时区。",
                f"{what.en}: {text!r} is still to come; it is {local} now. Check date and zone.",
            )
        )
    return min(at, now).astimezone(now.tzinfo)


def _one_of(fact: Fact, text: str, choices: list[str]) -> str:
    if text not in choices:
        known = ", ".join([*choices, UNKNOWN])
        raise FactError(
            Text(
                f"{fact.name}（{fact.title.zh}）：“{text}”不在可用值 {known} 之中。",
                f"{fact.name} ({fact.title.en}): {text!r} is not one of {known}.",
            )
        )
    return text


def _number(fact: Fact, text: str) -> int:
    try:
        number = Decimal(text)
        if number < 0 or number != number.to_integral_value() or number > 10**15:
            raise InvalidOperation
    except InvalidOperation:
        raise FactError(
            Text(
                f"{fact.name}（{fact.title.zh}）：“{text}”应为不小于零的整数；"
                f"不清楚时写 {UNKNOWN}。",
                f"{fact.name} ({fact.title.en}): {text!r} should be a whole number, zero or more; "
                f"write {UNKNOWN} when nobody knows.",
            )
        ) from None
    return int(number)


def _some_words(fact: Fact, text: str) -> str:
    if not text or len(text) > MOST_LETTERS:
        raise FactError(
            Text(
                f"{fact.name}（{fact.title.zh}）应有 1 至 {MOST_LETTERS} 个字；"
                f"不清楚时写 {UNKNOWN}。",
                f"{fact.name} ({fact.title.en}) takes 1 to {MOST_LETTERS} letters; write {UNKNOWN} "
                "when nobody knows.",
            )
        )
    return text
