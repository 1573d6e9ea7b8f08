"""班班通使用率: the share of timetabled lesson time in which a school's sets were powered on.

Plans ask that sets be used (优质资源班班通) and give no figure for it, so none is asked here. A set
that is off in a lesson is not down: the lesson may be held on the sports field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.presence.gather import AWAKE, BEATS
from collector.judge.presence.use import DeviceUse
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Role, Unit
from probes.text import Text

SETS = frozenset({Role.PC})
NO_SET = Text("该校没有接入教室电脑。", "No classroom PC of the school has an agent.")
NEVER = Text("还没有一台教室电脑发来心跳。", "No classroom PC has sent a beat yet.")
NO_LESSONS = Text("窗口内没有上课时间。", "There was no lesson in the window.")
NOTHING_HEARD = Text(
    "上课时间内没有听到该校任何设备。", "No device of the school was heard in lesson time."
)


class BbtUse(ObservedIndicator):
    name: ClassVar[str] = "bbt_use_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("班班通使用率（上课时间）", "Use of classroom sets in lessons")
    meaning: ClassVar[Text] = Text(
        "教室电脑开机时间占课表上课时间的比例，各台合计；每台从接入之日起算。睡眠不算开机。"
        "学校整体失联的时间不计入，由覆盖率说明。开机不等于有人在用；关机不等于故障。",
        "Share of timetabled lesson time in which classroom PCs were on, over all of them, each "
        "since its enrolment. Asleep is not on. Hours in which nothing was heard of the school are "
        "left out; coverage says how many. On does not mean that somebody used it, and off does "
        "not mean that it is broken.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (AWAKE, BEATS)
    method: ClassVar[MetricRef] = AWAKE

    def observe(self, school: School, scene: Scene) -> Figure:
        agents = scene.agents(school, SETS)
        if not agents:
            return Figure(None, NO_SET)
        uses = scene.uses(school, agents)
        bounds = scene.bounds(school)
        on, known, lessons = (
            sum(getattr(use, part) for use in uses) for part in ("on", "known", "lessons")
        )
        return Figure(
            value=on / known if known else None,
            reason=_reason(uses, len(agents)),
            n=len(uses),
            coverage=known / lessons if lessons else None,
            since=bounds.since,
            until=bounds.until,
        )


def _reason(uses: Sequence[DeviceUse], agents: int) -> Text:
    if not uses:
        return NEVER
    if not sum(use.lessons for use in uses):
        return NO_LESSONS
    known = sum(use.known for use in uses)
    if not known:
        return NOTHING_HEARD
    whole, on = show_both(known, Unit.SECONDS), show_both(sum(u.on for u in uses), Unit.SECONDS)
    unused, silent = sum(1 for use in uses if not use.on), agents - len(uses)
    zh, en = (
        [f"{len(uses)} 台合计上课 {whole.zh}，其中开机 {on.zh}"],
        [f"{len(uses)} sets had {whole.en} of lessons and were on for {on.en}"],
    )
    if unused:
        zh.append(f"{unused} 台上课时从未开机")
        en.append(f"{unused} never on in a lesson")
    if silent:
        zh.append(f"另有 {silent} 台从未发来心跳，未计入")
        en.append(f"{silent} more never sent a beat and are left out")
    return Text("；".join(zh) + "。", "; ".join(en) + ".")
