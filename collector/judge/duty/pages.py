"""All duties as pages: one a duty, an index by kind and level, and what each post has to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collector.judge.duty.page import (
    EVIDENCE,
    LEVELS,
    UNCHECKED,
    both,
    name_of,
    page,
    required,
    when,
)
from config.duty import DUTY_KINDS, Attest, Duty, Period
from config.policy import Verification
from probes.text import Text

FOLDER = "duties"
INDEX, BY_ROLE = f"{FOLDER}/README.md", f"{FOLDER}/roles.md"


def render(duties: Sequence[Duty], notice: str) -> dict[str, str]:
    """File name -> page; none where there is no duty."""
    if not duties:
        return {}
    pages = {f"{FOLDER}/{name_of(duty)}": _page(page(duty), notice) for duty in duties}
    pages[INDEX] = _page(_index(duties), notice)
    pages[BY_ROLE] = _page(_roles(duties), notice)
    return pages


def _page(lines: Iterable[str], notice: str) -> str:
    return "\n".join([notice, "", *lines]) + "\n"


def _index(duties: Sequence[Duty]) -> Iterator[str]:
    yield from ("# 安全职责 · Security duties", "")
    yield (
        f"共 {len(duties)} 项。“要求”“建议”按等级保护级别：学校在登记簿中没有写明级别时按二级。"
        f"{UNCHECKED} 后是没有核对过原文的出处数。一项规划的职责只约束该规划的地区；别处要用，"
        "把文件复制到本县的策略文件夹，改适用代码和出处。"
    )
    yield ""
    yield (
        f"{len(duties)} duties. What is required or advice depends on the protection level, 2 "
        f"where the register says nothing. {UNCHECKED} counts the citations that were not compared "
        "with the full text. A plan's duty binds that plan's region only; to use it elsewhere copy "
        "its file to the county's own policies and change whom it binds and its source."
    )
    yield from ("", "[按岗位看 · By post](roles.md)", "")
    for kind, title in DUTY_KINDS.items():
        owed = [duty for duty in duties if duty.kind == kind]
        if owed:
            yield from (f"## {title.zh} · {title.en}", "")
            yield from (*_table(owed), "")


def _table(duties: Sequence[Duty]) -> Iterator[str]:
    yield "| 职责 duty | 负责 who | 周期 how often | 证据 evidence | 二级 | 三级 | 出处 sources |"
    yield "|---|---|---|---|---|---|---|"
    for duty in sorted(duties, key=lambda d: (d.applies.adcodes, d.id)):
        required = " | ".join("要求" if n in duty.levels else "建议" for n in LEVELS)
        unsure = sum(c.verified is not Verification.PRIMARY for c in duty.citations)
        sources = f"{len(duty.citations)}" + (f"（{UNCHECKED} {unsure}）" if unsure else "")
        yield (
            f"| [{both(duty.title)}]({name_of(duty)}) | {both(duty.role)} | {both(duty.cadence)} "
            f"| {both(EVIDENCE[duty.evidence])} | {required} | {sources} |"
        )


_OFTEN_FIRST = [
    Period.MONTH,
    Period.QUARTER,
    Period.HALF_YEAR,
    Period.YEAR,
    Period.TWO_YEARS,
    Period.ONCE,
    Period.EVENT,
]


def _roles(duties: Sequence[Duty]) -> Iterator[str]:
    yield from ("# 按岗位：谁、做什么、到什么时候 · By post: who, what, until when", "")
    yield "机器测量的职责没有签署日期，做到没有看系统；这里只列负责人。"
    yield "What machines measure has no date to sign by; here stands only who answers for it."
    for role in sorted(_posts(duties), key=lambda role: role.zh):
        signed = [(d, a) for d in duties for a in d.attests if a.role == role]
        measured = [d for d in duties if d.checks and d.role == role]
        yield from ("", f"## {role.zh} · {role.en}", "")
        if signed:
            yield from _to_sign(signed)
        if measured:
            links = "、".join(f"[{both(d.title)}]({name_of(d)})" for d in measured)
            yield from ("", f"负责机器测量的 answers for what is measured: {links}")


def _posts(duties: Sequence[Duty]) -> set[Text]:
    signing = {attest.role for duty in duties for attest in duty.attests}
    return signing | {duty.role for duty in duties if duty.checks}


def _to_sign(signed: Sequence[tuple[Duty, Attest]]) -> Iterator[str]:
    yield "| 多久 how often | 签署 sign | 职责 duty | 期限 until when | 级别 level | 适用 binds |"
    yield "|---|---|---|---|---|---|"
    for duty, attest in sorted(signed, key=_order):
        until = both(duty.deadline) if duty.deadline else ""
        where = "、".join(duty.applies.adcodes) or "全国 (everywhere)"
        yield (
            f"| {when(attest)} | {both(attest.title)} | [{both(duty.title)}]({name_of(duty)}) "
            f"| {until} | {required(attest.levels)} | {where} |"
        )


def _order(row: tuple[Duty, Attest]) -> tuple[int, str, str]:
    return _OFTEN_FIRST.index(row[1].period), row[0].id, row[1].id
