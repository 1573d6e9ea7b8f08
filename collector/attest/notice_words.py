"""The words of a reminder: what is to be signed by when, at how many schools; plain text.

No person is named. It is composed when it is sent, so it says nothing that was signed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from collector.alert.message import Message
from collector.attest.notices import Notice
from collector.attest.owed import Owed, Standing
from probes.text import Language

MOST_BYTES = 1500
"""Of the list; WeCom takes 2,048 bytes of a message with all that is around it."""
NAMED = 3
"""Schools that a line names; the others are counted."""


def compose_notice(
    notice: Notice, owed: Sequence[Owed], today: date, url: str, mark: str
) -> Message:
    zh = notice.language is Language.ZH
    id = f"BJ-{mark}-S{notice.id}"
    schools = len({one.school.code for one in owed})
    overdue = sum(1 for one in owed if (one.days_left(today) or 0) < 0)
    head = (
        f"【班均】签署提醒：{len(owed)} 项，{schools} 所学校"
        if zh
        else f"[Banjun] To be signed: {len(owed)} at {schools} schools"
    )
    if overdue:
        head += f"，其中逾期 {overdue} 项" if zh else f", {overdue} of them overdue"
    page = f"{url.rstrip('/')}/attest?lang={notice.language.value}"
    foot = [f"签署页面：{page}", f"编号：{id}"] if zh else [f"Page: {page}", f"Message: {id}"]
    if notice.doubtful:
        again = "上次发送没有得到结果，这条可能重复。"
        foot.append(again if zh else "The last attempt was cut off, so this may come twice.")
    lines = _fitting(_lines(owed, today, zh=zh), zh=zh)
    return Message(id, f"{head} ({id})", "\n".join([*lines, *foot]))


def _lines(owed: Sequence[Owed], today: date, *, zh: bool) -> list[str]:
    """One for each thing and day, the most urgent first."""
    groups: dict[tuple[str, str, date | None, bool], list[Owed]] = defaultdict(list)
    for one in owed:
        waits = one.standing is Standing.WAITS
        groups[one.duty.id, one.attest.id, one.by, waits].append(one)
    urgent = sorted(groups.values(), key=lambda group: (group[0].by or date.min, -len(group)))
    return [_line(group, today, zh=zh) for group in urgent]


def _line(group: Sequence[Owed], today: date, *, zh: bool) -> str:
    first = group[0]
    named = [one.school.name for one in group[:NAMED]]
    others = len(group) - len(named)
    if zh:
        who = "、".join(named) + (f"等 {len(group)} 所" if others else "")
        waits = "，待第二人确认" if first.standing is Standing.WAITS else ""
        return f"· {first.attest.title.zh}（{_when(first, today, zh=True)}{waits}）：{who}"
    who = ", ".join(named) + (f" and {others} more" if others else "")
    waits = ", waits for the second person" if first.standing is Standing.WAITS else ""
    return f"· {first.attest.title.en} ({_when(first, today, zh=False)}{waits}): {who}"


def _when(one: Owed, today: date, *, zh: bool) -> str:
    left = one.days_left(today)
    if left is None:
        return "尚未签署" if zh else "never signed"
    if left < 0:
        return f"{one.by} 已到期" if zh else f"was due {one.by}"
    if left == 0:
        return "今天到期" if zh else "due today"
    return f"{one.by} 前，还有 {left} 天" if zh else f"by {one.by}, {left} days left"


def _fitting(lines: Sequence[str], *, zh: bool) -> list[str]:
    """As many as fit; the others are counted."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            rest = len(lines) - len(kept)
            kept.append(f"· 另有 {rest} 类，见网页" if zh else f"· {rest} more kinds on the page")
            break
        kept.append(line)
    return kept
