"""A duty as a page for people, in both languages: clause, evidence, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.judge.duty.words import bound_of
from config.duty import DUTY_KINDS, PERIODS, Attest, Check, Duty, FactCheck
from config.policy import VERIFICATIONS, Applies, Citation, Operator, Verification
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

UNCHECKED = "⚠"
"""Stands before whatever was not compared with the full text of its source."""

LEVELS = (2, 3)
"""Those a school can have."""
_ORIGINS = {
    "plan": Text("规划", "a plan"),
    "public": Text("公开资料", "a public document"),
    "default": Text("本项目设定", "this project's own"),
}
EVIDENCE = {
    "automatic": Text("自动测量", "measured"),
    "attested": Text("签署", "signed"),
    "both": Text("测量和签署", "measured and signed"),
}
_UNIT_KINDS = {
    "school": Text("学校", "schools"),
    "campus": Text("校区", "campuses"),
    "point": Text("教学点", "teaching points"),
    "office": Text("教育局机关", "bureau offices"),
}


def name_of(duty: Duty) -> str:
    """The name of its page within the folder."""
    return f"{duty.id.removeprefix('duty.')}.md"


def page(duty: Duty) -> Iterator[str]:
    """Its lines."""
    yield f"# {duty.title.zh}"
    yield from ("", f"**{duty.title.en}**", "", *_certainty(duty.citations), "| | |", "|---|---|")
    for what, says in _facts(duty):
        yield f"| **{what.zh}** {what.en} | {says} |"
    yield from ("", "## 为什么 · Why", "", duty.why.zh, "", duty.why.en, "")
    yield from ("## 怎么办 · What to do", "", duty.remedy.zh, "", duty.remedy.en, "")
    yield from ("## 怎样算做到 · What shows that it is fulfilled", "")
    yield from _checks(duty.checks)
    yield from _attests(duty.attests)
    yield from ("## 出处 · Sources", "")
    yield "| 文件 document | 条款 article | 施行 in force | 级别 level | 核对 checked | 注 note |"
    yield "|---|---|---|---|---|---|"
    yield from map(citation_row, duty.citations)
    yield from ("", "[全部职责 · All duties](README.md) · [按岗位 · By post](roles.md)")


def _certainty(citations: Sequence[Citation]) -> Iterator[str]:
    unsure = sum(c.verified is not Verification.PRIMARY for c in citations)
    if unsure:
        yield (
            f"> {UNCHECKED} {len(citations)} 处出处中有 {unsure} 处没有核对过原文，引用前先核对。 "
            f"{unsure} of {len(citations)} citations were not compared with the full text; do so "
            "before you cite them."
        )
        yield ""


def _facts(duty: Duty) -> Iterator[tuple[Text, str]]:
    yield Text("负责", "answers for it"), both(duty.role)
    yield Text("周期", "how often"), both(duty.cadence)
    if duty.deadline:
        yield Text("期限", "until when"), both(duty.deadline)
    yield Text("证据", "evidence"), both(EVIDENCE[duty.evidence])
    yield Text("级别", "levels"), _levels(duty.levels)
    yield Text("适用", "binds"), _binds(duty.applies)
    yield Text("类别", "kind"), both(DUTY_KINDS[duty.kind])
    yield Text("编号", "id"), f"`{duty.id}` (`{duty.revision}`)"


def _levels(levels: frozenset[int]) -> str:
    shown = [
        f"{_level(n).zh}{'要求' if n in levels else '建议'} "
        f"({_level(n).en}: {'required' if n in levels else 'advice'})"
        for n in LEVELS
    ]
    return "；".join(shown)


def _level(number: int) -> Text:
    return Text(f"{'零一二三四'[number]}级", f"level {number}")


def _binds(applies: Applies) -> str:
    kinds = [words for kind, words in _UNIT_KINDS.items() if kind in applies.unit_kinds]
    if not applies.include_teaching_points:
        kinds = [words for words in kinds if words is not _UNIT_KINDS["point"]]
    who = Text("、".join(w.zh for w in kinds), ", ".join(w.en for w in kinds))
    where = "、".join(applies.adcodes)
    if not where:
        return f"全国 {who.zh} (everywhere: {who.en})"
    return f"行政区划代码 {where} 的{who.zh} ({who.en} of adcode {where})"


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    if not checks:
        return
    yield from ("### 机器测量 · Measured by machines", "")
    yield "| 检查 check | 事实 fact | 要求 asked | 级别 level | 数值来源 origin of the value |"
    yield "|---|---|---|---|---|"
    for check in checks:
        origin = both(_ORIGINS[check.value_origin])
        note = f"：{check.note.zh} {check.note.en}" if check.note else ""
        yield (
            f"| {both(check.title)} | {_source(check)} | {_asked(check)} "
            f"| {required(check.levels)} | {origin}{note} |"
        )
    yield ""


def _source(check: Check) -> str:
    if not isinstance(check, FactCheck):
        return f"`{check.indicator}`"
    where = "".join(f" `{name}={value}`" for name, value in check.where)
    return f"[`{check.fact}`](../../probes/{check.probe}.md){where}"


def _asked(check: Check) -> str:
    if not isinstance(check, FactCheck):
        return both(bound_of(check))
    value = show_both(check.value, check.unit)
    fact = value if check.unit is Unit.BOOLEAN else _bounded(check.operator, value)
    roles = "、".join(sorted(check.roles))
    share = show_both(check.share, Unit.RATIO).zh
    return f"{fact.zh} ({fact.en})；{roles}：≥ {share}"


_SIGNS = {Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤"}


def _bounded(operator: Operator, value: Text) -> Text:
    sign = _SIGNS.get(operator, operator.value)
    return Text(f"{sign} {value.zh}", f"{sign} {value.en}")


def _attests(attests: Sequence[Attest]) -> Iterator[str]:
    if not attests:
        return
    yield from ("### 由人签署 · Signed by people", "")
    yield "| 签署 signed | 内容 what is declared | 谁签 who | 多久 how often | 级别 level |"
    yield "|---|---|---|---|---|"
    for attest in attests:
        yield (
            f"| {both(attest.title)} | {attest.asks.zh} {attest.asks.en} | {both(attest.role)} "
            f"| {when(attest)} | {required(attest.levels)} |"
        )
    yield ""


def when(attest: Attest) -> str:
    """How often, by which day, and what goes with the signature."""
    parts = [both(PERIODS[attest.period])]
    if attest.due:
        parts.append(f"{attest.due[0]:02}-{attest.due[1]:02} 前 (by that day)")
    if attest.needs_file:
        parts.append("附材料 (with a document)")
    if attest.two_persons:
        parts.append("两人 (two people)")
    return "；".join(parts)


def required(levels: frozenset[int]) -> str:
    """The protection levels in words."""
    numbers = sorted(levels)
    return f"{'、'.join(_level(n).zh for n in numbers)} ({', '.join(map(str, numbers))})"


def citation_row(citation: Citation) -> str:
    """A row of the table of sources; one that was not checked begins with the mark."""
    checked = both(VERIFICATIONS[citation.verified])
    sure = citation.verified is Verification.PRIMARY
    mark = "" if sure else f"{UNCHECKED} "
    quote = f"：“{citation.quote}”" if citation.quote else ""
    note = f"{citation.note.zh} {citation.note.en}" if citation.note else ""
    return (
        f"| {mark}{citation.document} | {citation.article}{quote} | {_in_force(citation)} "
        f"| {required(citation.levels)} | {mark}{checked} | {note} |"
    )


def _in_force(citation: Citation) -> str:
    since, until = citation.in_force_from, citation.in_force_until
    if until:
        return f"{since or ''} – {until}"
    return f"{since} 起 (from)" if since else ""


def both(words: Text) -> str:
    return f"{words.zh} ({words.en})"
