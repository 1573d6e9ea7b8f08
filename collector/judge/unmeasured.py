"""What a school's capacity probe said where that counts for nothing, and why, in words.

A dash must say why it is one: nothing was read, UDP is blocked, only a PC's Wi-Fi was measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.judge.capacity import (
    BLOCKED,
    CAPACITY,
    DIRECTION,
    GATEWAY,
    INCONCLUSIVE,
    IP,
    LAYER,
    PASSIVE,
    SPENT,
    TIER,
    VALIDITY,
    VANTAGE,
    WHY,
    WIRED,
    Direction,
    Line,
)
from collector.judge.why import words_of
from collector.store import LastRun, Statistic, Store
from probes.catalog import Catalog
from probes.model import Outcome
from probes.text import Text

NO_READING = Text("还没有带宽容量读数。", "There is no capacity reading yet.")
_BY = ("school", VALIDITY, WHY, TIER, VANTAGE, LAYER)
_VANTAGES = {
    "wifi": Text("电脑经 Wi-Fi 的测量", "measurements of a PC over Wi-Fi"),
    "wired": Text("电脑经有线网的测量", "measurements of a wired PC"),
}
_TRANSPORT = Text("传输层的测量", "measurements at the transport layer")


@dataclass(frozen=True, slots=True)
class Other:
    """So many readings of one kind."""

    validity: str
    why: str
    tier: str
    vantage: str
    layer: str
    n: int
    is_of_line: bool


def others(
    store: Store, codes: Sequence[str], direction: Direction, line: Line, since: datetime,
    until: datetime, vantage: str = GATEWAY, agents: Sequence[str] = (),
) -> dict[str, list[Other]]:  # fmt: skip
    """By school: all that the probe said of the line.

    `vantage`: from where it is of the line. `agents`: only these; any unless given.
    """
    found: dict[str, list[Other]] = {code: [] for code in codes}
    if not codes or since >= until:
        return found
    where: Mapping[str, Sequence[str]] = {
        "school": tuple(codes),
        "target": (line,),
        DIRECTION: (direction,),
        **({"agent": tuple(agents)} if agents else {}),
    }
    counts = store.summarise(SPENT, Statistic("count"), _BY, since, until, where)
    for (school, validity, why, tier, place, layer), summary in sorted(counts.items()):
        is_of_line = place == vantage and layer == IP
        found[school].append(Other(validity, why, tier, place, layer, summary.n, is_of_line))
    return found


def is_wired_alone(found: Sequence[Other]) -> bool:
    """Whether there are wired readings, and no gateway said anything."""
    return all(not o.is_of_line for o in found) and any(
        o.vantage == WIRED and o.layer == IP for o in found
    )


def tried(found: Sequence[Other]) -> int:
    """Measurements of the line that loaded it."""
    return sum(o.n for o in found if o.is_of_line and o.tier != PASSIVE)


def blocked(found: Sequence[Other]) -> int:
    """Those of them that were blocked."""
    kind = [o for o in found if o.validity == BLOCKED]
    return tried(kind)


def words(found: Sequence[Other], run: LastRun | None, catalog: Catalog) -> Text | None:
    """Why none of it counts, the nearest cause first; None if all that came counts.

    `run`: the newest run of the probe, where one is known.
    """
    of_line = [o for o in found if o.is_of_line]
    only_watched = all(o.tier == PASSIVE for o in of_line) and (of_line or not found)
    if run is not None and run.outcome is Outcome.NOT_RUN and only_watched:
        # It may watch, and gets no leave for more: that is what has to change.
        why = catalog.reason(CAPACITY.probe, run.reason)
        return Text(f"没有主动测量：{why.zh}", f"Nothing was measured actively: {why.en}")
    for validity in (BLOCKED, INCONCLUSIVE):
        kind = _loaded([o for o in of_line if o.validity == validity])
        if kind:
            return _NAMED[validity](sum(o.n for o in kind), _commonest(kind, catalog))
    if of_line:
        return None
    if found:
        return _elsewhere(found)
    return NO_READING


def _loaded(found: list[Other]) -> list[Other]:
    """Without the passive looks, which are many, where something more was tried."""
    return [o for o in found if o.tier != PASSIVE] or found


def _commonest(found: Sequence[Other], catalog: Catalog) -> Text:
    counts: dict[str, int] = defaultdict(int)
    for other in found:
        counts[other.why] += other.n
    return words_of(max(sorted(counts), key=lambda code: counts[code]), catalog)


def _blocked(n: int, why: Text) -> Text:
    return Text(
        f"{n} 次测量被阻断，速率未知，这不等于慢：{why.zh}。",
        f"{n} measurements were blocked, so the rate is not known, which is not slow: {why.en}.",
    )


def _inconclusive(n: int, why: Text) -> Text:
    return Text(
        f"{n} 次测量没有结论，最常见的原因：{why.zh}。",
        f"{n} measurements came to no conclusion; the commonest cause: {why.en}.",
    )


_NAMED = {BLOCKED: _blocked, INCONCLUSIVE: _inconclusive}


def _elsewhere(found: Sequence[Other]) -> Text:
    """All of it was measured where it says nothing of the line."""
    names = [_VANTAGES.get(o.vantage, _TRANSPORT) for o in found]
    zh = "、".join(dict.fromkeys(name.zh for name in names))
    en = " and ".join(dict.fromkeys(name.en for name in names))
    n = sum(o.n for o in found)
    return Text(
        f"只有{zh}（{n} 次），不能代表学校出口；需要网关上的测量，"
        "网关装不了的，用专用哨兵和上联口的计数。",
        f"There are only {en} ({n}), which do not stand for the school's line; a gateway must "
        "measure it, or where it cannot a dedicated sentinel beside the counters of the uplink.",
    )
