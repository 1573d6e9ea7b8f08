"""Verdicts about areas: the schools of a region against a target value and its share.

Everything is counted in whole schools; the population is said in words with every verdict.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from collector.judge.cheapest import cheapest
from collector.judge.model import AreaVerdict, Finding, Tally, Verdict
from collector.judge.share import judge_share, needed
from collector.register.model import School
from config.policy import SCOPE_DIGITS, TEACHING_POINT, TargetValue
from config.quantity import show_both
from config.strict import revision_of
from probes.model import Unit
from probes.text import Text

NOT_REGISTERED = Text("未登记城乡分类", "urban-rural class not registered")
_CLASSES = (
    ("11", Text("城区", "city")),
    ("12", Text("镇区", "town")),
    ("2", Text("乡村", "village")),
)


def judge_areas(
    target: TargetValue, schools: Sequence[School], findings: Mapping[str, Finding]
) -> list[AreaVerdict]:
    """One verdict for each region in which the target counts a school, by region."""
    digits = SCOPE_DIGITS[target.scope]
    regions: dict[str, list[School]] = defaultdict(list)
    unplaced: Counter[str] = Counter()
    for school in schools:
        region = school.adcode[:digits]
        if target.covers(school):
            regions[region].append(school)
        elif target.misplaces(school):
            unplaced[region] += 1
    return [
        _judge_area(target, region, members, findings, unplaced[region])
        for region, members in sorted(regions.items())
    ]


def _judge_area(
    target: TargetValue,
    region: str,
    schools: list[School],
    findings: Mapping[str, Finding],
    unplaced: int,
) -> AreaVerdict:
    tally = _tally(schools, findings)
    verdict = judge_share(
        tally.met, tally.not_met, tally.undetermined, target.share, target.share_operator
    )
    wanted = needed(tally.total, target.share, target.share_operator)
    short = max(0, wanted - tally.met) if tally.total else 0
    own = {school.code: findings[school.code] for school in schools}
    gaps = (finding for finding in own.values() if finding.verdict is not Verdict.MET)
    priced = any(finding.contract_needed is not None for finding in own.values())
    return AreaVerdict(
        target=target,
        region=region,
        verdict=verdict,
        reason=_reason(target, verdict, tally, wanted),
        tally=tally,
        low=Fraction(tally.met, tally.total) if tally.total else None,
        high=Fraction(tally.met + tally.undetermined, tally.total) if tally.total else None,
        missing_schools=short,
        contract_gap=sum(finding.contract_gap or 0 for finding in gaps),
        population=_population(target, schools, tally, unplaced),
        split=_split(schools, findings),
        register_revision=revision_of(sorted(f"{s.code}:{s.revision}" for s in schools)),
        plan=cheapest(short, own.items()) if priced else None,
    )


def _tally(schools: Sequence[School], findings: Mapping[str, Finding]) -> Tally:
    counts = Counter(findings[school.code].verdict for school in schools)
    return Tally(
        met=counts[Verdict.MET],
        not_met=counts[Verdict.NOT_MET],
        undetermined=counts[Verdict.UNDETERMINED],
        not_applicable=counts[Verdict.NOT_APPLICABLE],
    )


def _split(
    schools: Sequence[School], findings: Mapping[str, Finding]
) -> tuple[tuple[Text, Tally], ...]:
    """The tally by urban-rural class, classes without a school left out."""
    groups: dict[Text, list[School]] = {title: [] for _, title in _CLASSES}
    groups[NOT_REGISTERED] = []
    for school in schools:
        groups[_area_class(school)].append(school)
    return tuple((title, _tally(group, findings)) for title, group in groups.items() if group)


def _area_class(school: School) -> Text:
    for prefix, title in _CLASSES:
        if school.urban_code.startswith(prefix):
            return title
    return NOT_REGISTERED


def _reason(target: TargetValue, verdict: Verdict, tally: Tally, wanted: int) -> Text:
    if verdict is Verdict.NOT_APPLICABLE:
        return Text("没有适用的学校。", "The target applies to no school.")
    share = show_both(target.share, Unit.RATIO)
    # An inexact percentage of a third would be a lie beside an exact count.
    written = str(target.share) if target.share.denominator % 5 and target.share != 1 else share.zh
    more = {">=": Text("至少", "at least"), ">": Text("超过", "more than")}[target.share_operator]
    return Text(
        f"{tally.total} 所中 {tally.met} 所达标、{tally.undetermined} 所无法判定；"
        f"要求{more.zh} {written}，即 {wanted} 所。",
        f"Met at {tally.met} of {tally.total}, undetermined at {tally.undetermined}; "
        f"{more.en} {written} is required, {wanted} of {tally.total}.",
    )


def _population(
    target: TargetValue, schools: Sequence[School], tally: Tally, unplaced: int
) -> Text:
    """Who was counted and who was not, in words."""
    points = sum(1 for s in schools if s.unit_kind == "point" or s.type_code == TEACHING_POINT)
    zh = [f"{target.area_title.zh} {tally.total} 所"]
    en = [f"{target.area_title.en}: {tally.total} counted"]
    if target.applies.include_teaching_points:
        zh.append(f"含教学点 {points} 所")
        en.append(f"{points} of them teaching points")
    else:
        zh.append("不含教学点")
        en.append("teaching points left out")
    if tally.not_applicable:
        zh.append(f"另有 {tally.not_applicable} 所不适用，未计入")
        en.append(f"{tally.not_applicable} more not applicable")
    if unplaced:
        zh.append(f"另有 {unplaced} 所的区域未登记，未计入")
        en.append(f"{unplaced} more left out because their area is not registered")
    return Text("，".join(zh) + "。", ", ".join(en) + ".")
