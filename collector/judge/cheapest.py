"""The cheapest set of schools that brings an area to its share: the fewest bits a second to add.

Every school counts as one, so the cheapest of those that are not met are the answer, and it is
exact. A school whose contract suffices costs nothing: its provider owes it what is contracted, or
its line still has to be measured.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.judge.model import Candidate, Finding, LegName, Plan, Step, Verdict
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

STEP_TITLES: dict[Step, Text] = {
    Step.CONTRACT: Text("增加合同带宽", "contract more"),
    Step.PROVIDER: Text(
        "合同已够，由运营商履约", "contract suffices; its provider has to bring it"
    ),
    Step.MEASURE: Text("合同已够，还需测量", "contract suffices; still to be measured"),
}


def cheapest(short: int, findings: Iterable[tuple[str, Finding]]) -> Plan:
    """`findings` by school code; `short` is how many more of them must be met."""
    candidates, unknown = [], []
    for code, finding in findings:
        if finding.verdict in (Verdict.MET, Verdict.NOT_APPLICABLE):
            continue
        candidate = _candidate(code, finding)
        if candidate is None:
            unknown.append(code)
        else:
            candidates.append(candidate)
    return Plan(short, tuple(sorted(candidates)[:short]), tuple(sorted(unknown)))


def _candidate(code: str, finding: Finding) -> Candidate | None:
    add, total = finding.contract_gap, finding.contract_needed
    if add is None or total is None:
        return None
    if add > 0:
        return Candidate(add, code, Step.CONTRACT, total)
    delivered = next((leg for leg in finding.legs if leg.name is LegName.DELIVERED), None)
    fails = delivered is not None and delivered.verdict is Verdict.NOT_MET
    return Candidate(0, code, Step.PROVIDER if fails else Step.MEASURE, total)


def plan_words(plan: Plan) -> Text:
    """What the plan comes to, in a sentence or two."""
    if not plan.short:
        return Text("已达到占比，不必增加合同带宽。", "The share is reached; nothing to contract.")
    zh = [f"还差 {plan.short} 所"]
    en = [f"{plan.short} more must meet it"]
    if contract := plan.of(Step.CONTRACT):
        rate = show_both(plan.add, Unit.BITS_PER_SECOND)
        zh.append(f"最省的办法是 {len(contract)} 所合计增加合同带宽 {rate.zh}")
        en.append(f"the cheapest way is to contract {rate.en} more, at {len(contract)} of them")
    else:
        zh.append("不必增加合同带宽")
        en.append("nothing more has to be contracted")
    if provider := plan.of(Step.PROVIDER):
        zh.append(f"{len(provider)} 所合同已够，由运营商履约")
        en.append(f"{len(provider)} have enough in their contracts, which providers must bring")
    if measure := plan.of(Step.MEASURE):
        zh.append(f"{len(measure)} 所合同已够，还需测量")
        en.append(f"{len(measure)} have enough in their contracts and must still be measured")
    if not plan.suffices:
        missing = plan.short - len(plan.chosen)
        zh.append(f"另有 {missing} 所要先登记班级数和合同带宽")
        en.append(f"{missing} more need their classes and contracts registered first")
    return Text("；".join(zh) + "。", "; ".join(en) + ".")
