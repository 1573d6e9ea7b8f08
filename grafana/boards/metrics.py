"""Every metric of the catalog: a row for each probe, a chart for each metric, made of it."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.measurement import DEVICE_LABEL, OUTCOME_FIELD, OUTCOMES
from grafana import words
from grafana.edition import Edition
from grafana.frame import Placed, folded, framed
from grafana.palette import mapping
from grafana.panels import metric_chart, timeline
from grafana.queries.ask import Line
from grafana.queries.question import Statistic, Trend, reading
from grafana.variables import devices, of_devices
from probes.catalog import AnyProbe, discover
from probes.metrics import SEEN
from probes.model import Metric
from probes.text import Text

NAME = "metrics"
UNSCHEDULED = 300
"""Seconds that are supposed between two runs of a probe that only a county's own schedule has."""
_OUTCOME = Text("结果", "Outcome")


def build(edition: Edition) -> Dashboard:
    board = framed(
        edition,
        NAME,
        Text("班均 6 全部指标", "Banjun 6 All metrics"),
        Text(
            "目录中每个探测一行、每个指标一张图，点开一行才查询。浅蓝底色是上课时间。",
            "A row for each probe of the catalog and a chart for each metric; a row asks the "
            "engine when it is opened. The light blue background is lesson time.",
        ),
        devices(edition),
    )
    for probe in discover().values():
        title = f"{edition.say(probe.title)} · {probe.name}"
        panels = [_outcome(edition, probe), *(_metric(edition, probe, m) for m in _shown(probe))]
        board.with_row(folded(title, panels, across=3, height=8))
    return board


def interval_of(probe: AnyProbe) -> str:
    """Twice the time between two runs: no reading in it means that something is missing."""
    return f"{2 * words.cadences().get(probe.name, UNSCHEDULED) // 60}m"


def _shown(probe: AnyProbe) -> list[Metric]:
    """That a device was seen is not exported, see `DEVICE_LABEL`."""
    return [m for m in probe.measures if m != SEEN or DEVICE_LABEL not in probe.labels]


def _metric(edition: Edition, probe: AnyProbe, metric: Metric) -> Placed:
    by = _tags(probe)
    trend = Trend(reading(probe.name, metric.name, of_devices()), by)
    line = Line(trend, _legend(by))
    return metric_chart(edition, metric, [line], interval=interval_of(probe), lessons=True)


def _outcome(edition: Edition, probe: AnyProbe) -> Placed:
    by = _tags(probe)
    trend = Trend(reading(probe.name, OUTCOME_FIELD, of_devices()), by, Statistic.MIN)
    return timeline(
        edition,
        Text(f"{probe.title.zh}：{_OUTCOME.zh}", f"{probe.title.en}: {_OUTCOME.en.lower()}"),
        [Line(trend, _legend(by))],
        mapping(OUTCOMES, edition.say),
        interval=interval_of(probe),
        about=Text(
            "一段时间里只要有一次失败，就显示失败。", "One failure in an interval shows as failed."
        ),
    )


def _tags(probe: AnyProbe) -> tuple[str, ...]:
    labels = sorted(set(probe.labels) - {DEVICE_LABEL})
    return ("agent", *(("target",) if probe.aimed else ()), *labels)


def _legend(tags: tuple[str, ...]) -> str:
    return " ".join(f"{{{tag}}}" for tag in tags)
