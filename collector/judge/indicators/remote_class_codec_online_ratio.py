"""远程课设备在线率: of the listed remote lessons, those in which a codec of the school was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from collector.inventory.model import Device, DeviceKind
from collector.judge.gear import MAC, SEEN, SWEPT, measures
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure, Verdict
from collector.judge.remote.lesson import JudgedLesson
from collector.judge.remote.lessons import NotJudged
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import RoomKind
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text

NO_CODEC = Text(
    "清点中没有编解码器，也没有远程互动教室里的录播主机。",
    "The inventory has no codec, and no recorder in a remote-class room.",
)
NOT_SWEPT = Text(
    "排定的远程课期间没有扫描过局域网。", "The LAN was not swept during a listed remote lesson."
)


class CodecOnline(ObservedIndicator):
    name: ClassVar[str] = "remote_class_codec_online_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("远程课设备在线率", "Codec online in remote lessons")
    meaning: ClassVar[Text] = Text(
        "远程课表中到时、期间扫描过局域网的课里，扫描到本校编解码器的节数占比。看到设备不等于上了课。",
        "Of the listed remote lessons in which the LAN was swept, those in which a codec of the "
        "school was seen. A codec that was seen does not mean that the lesson was held.",
    )
    method: ClassVar[MetricRef] = SEEN

    def concerns(self, school: School, scene: Scene) -> bool:
        found = scene.remote.of(school)
        listed = not isinstance(found, NotJudged) or found.verdict is not Verdict.NOT_APPLICABLE
        return listed and bool(_codecs(school, scene))

    def observe(self, school: School, scene: Scene) -> Figure:
        lessons, codecs = scene.remote.of(school), _codecs(school, scene)
        if isinstance(lessons, NotJudged):
            return Figure(None, lessons.reason)
        if not codecs:
            return Figure(None, NO_CODEC)
        if not measures(scene.catalog, SEEN, SWEPT):
            return Figure(None, NOT_SWEPT)
        swept, seen = _counts(school, lessons, codecs, scene)
        if not swept:
            return Figure(None, NOT_SWEPT, coverage=0.0)
        since, until = scene.remote.span(school)
        return Figure(
            value=seen / swept,
            reason=Text(
                f"扫描过的 {swept} 节远程课中，{seen} 节看到编解码器。",
                f"Of {swept} remote lessons with a sweep, a codec was seen in {seen}.",
            ),
            n=swept,
            coverage=swept / len(lessons),
            since=since,
            until=until,
        )


def _codecs(school: School, scene: Scene) -> list[Device]:
    placed = scene.placed(school)
    return [
        d
        for d in placed.devices
        if d.kind is DeviceKind.CODEC
        or (d.kind is DeviceKind.RECORDER and placed.kind_at(d.room) is RoomKind.REMOTE_CLASS_ROOM)
    ]


def _counts(
    school: School, lessons: Sequence[JudgedLesson], codecs: Sequence[Device], scene: Scene
) -> tuple[int, int]:
    """Lessons in which there was a sweep, and of these those in which a codec was seen."""
    since, until = scene.remote.span(school)
    macs = tuple(sorted({mac for device in codecs for mac in device.macs}))
    swept = scene.moments(SWEPT, school, since, until, {MAC: ("all",)})
    seen = scene.moments(SEEN, school, since, until, {MAC: macs})
    spans = [(lesson.occasion.since, lesson.occasion.until) for lesson in lessons]
    held = [(a, b) for a, b in spans if any(a <= at < b for at in swept)]
    return len(held), sum(any(a <= at < b for at in seen) for a, b in held)
