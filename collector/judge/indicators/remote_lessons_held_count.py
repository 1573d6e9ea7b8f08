"""远程课开课数: how many scheduled remote lessons a school held, as far as traffic tells."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.remote.lessons import NotJudged
from collector.judge.remote.readings import SENT
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text


class RemoteLessonsHeld(ObservedIndicator):
    name: ClassVar[str] = "remote_lessons_held_count"
    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("有迹象开课的远程课", "Remote lessons held, by the traffic")
    meaning: ClassVar[Text] = Text(
        "远程课表中到时的课里，线路流量表明开了的节数：整节课的上行比课前高出一截。流量几乎没有的算没开；"
        "其余无法判定，不算没开。流量分不清是上课还是别的上传，只收看的一方上行很少；"
        "没有询问终端设备之前，这只是下限。",
        "Of the scheduled remote lessons, those which the line's traffic shows to have been held: "
        "the upload rose above what it was before and stayed there. With next to no traffic a "
        "lesson was not held; the others are undetermined, which is not the same. Traffic cannot "
        "tell a lesson from another upload, and a side that only watches sends little. As long as "
        "no codec is asked, this is a lower bound.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (SENT,)

    method: ClassVar[MetricRef] = SENT

    def observe(self, school: School, scene: Scene) -> Figure:
        found = scene.remote.of(school)
        if isinstance(found, NotJudged):
            return Figure(None, found.reason)
        held = sum(lesson.held is True for lesson in found)
        not_held = sum(lesson.held is False for lesson in found)
        unknown = len(found) - held - not_held
        since, until = scene.remote.span(school)
        return Figure(
            value=None if unknown and not held else held,
            reason=Text(
                f"排定 {len(found)} 节：流量表明开了 {held}，没开 {not_held}，无法判定 {unknown}。",
                f"{len(found)} were scheduled: by the traffic {held} were held, {not_held} were "
                f"not, {unknown} undetermined.",
            ),
            n=held + not_held,
            coverage=(held + not_held) / len(found),
            since=since,
            until=until,
            lower_bound=unknown > 0,
        )
