"""Panels: charts, tiles, timelines and bars. Tables are in tables.py.

A chart leaves a gap where nothing was measured. The background of a chart shows lessons where the
readings themselves say that there was one (their tag `period`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
)

from config.measurement import OUTCOME_FIELD
from grafana.edition import Edition, Engine
from grafana.palette import LESSON, NOT_KNOWN, PLAIN, UNITS, YES_NO, mapping
from grafana.queries.ask import Line, drawn
from grafana.queries.question import Statistic, Trend, Where, chosen, reading
from probes.model import Better, Metric, Unit
from probes.text import Text

IN_LESSON = Text("上课", "Lesson")
NOTHING = Text("没有数据", "no data")
MINUTE = "1m"


def chart(
    edition: Edition,
    title: Text,
    lines: Sequence[Line],
    unit: Unit,
    *,
    interval: str = MINUTE,
    lessons: bool = False,
    about: Text | None = None,
    better: Better = Better.NEITHER,
    colours: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """Lines over time.

    Args:
        interval: no point stands for less time; without a reading in it there is a gap.
        lessons: shaded behind the lines.
        colours: by the name of the line; the others get Grafana's.
    """
    behind = [_lesson_line(edition)] if lessons else []
    panel = (
        timeseries.Panel()
        .title(edition.say(title))
        .datasource(edition.source)
        .unit(UNITS[unit])
        .interval(interval)
        .no_value(edition.say(NOTHING))
        .line_width(1)
        .fill_opacity(0)
        .show_points(options.VisibilityMode.AUTO)
        .span_nulls(span_nulls=False)
        .legend(_legend())
        .tooltip(_tooltip())
    )
    for target in drawn(edition, [*behind, *lines]):
        panel.with_target(target)
    if about is not None:
        panel.description(edition.say(about))
    if unit is Unit.RATIO:
        panel.axis_soft_min(0)
    if unit is Unit.BOOLEAN:
        _as_yes_or_no(edition, panel, better)
    _paint(panel, colours)
    return _shade_lessons(edition, panel) if lessons else panel


def metric_chart(
    edition: Edition, metric: Metric, lines: Sequence[Line], *, interval: str, lessons: bool
) -> timeseries.Panel:
    """A chart of a metric: unit, title and meaning are those of its declaration."""
    return chart(
        edition,
        metric.title,
        lines,
        metric.unit,
        interval=interval,
        lessons=lessons,
        about=metric.meaning,
        better=metric.better,
    )


def tile(
    edition: Edition,
    title: Text,
    lines: Sequence[Line],
    unit: Unit = Unit.COUNT,
    *,
    words: ValueMap | None = None,
    about: Text | None = None,
    fixed: str = PLAIN,
) -> stat.Panel:
    """The last values in large digits; words in their own colours, numbers in `fixed`."""
    panel = (
        stat.Panel()
        .title(edition.say(title))
        .datasource(edition.source)
        .unit(UNITS[unit])
        .no_value("—")
        .graph_mode(options.BigValueGraphMode.NONE)
        .color_mode(options.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(_fixed(fixed))
    )
    for target in drawn(edition, lines):
        panel.with_target(target)
    if words is not None:
        panel.mappings([words])
    if about is not None:
        panel.description(edition.say(about))
    return panel


def bars(
    edition: Edition,
    title: Text,
    lines: Sequence[Line],
    unit: Unit,
    *,
    about: Text | None = None,
    colours: Mapping[str, str] | None = None,
) -> bargauge.Panel:
    """A bar for each answer; `colours` by the name of the bar."""
    panel = (
        bargauge.Panel()
        .title(edition.say(title))
        .datasource(edition.source)
        .unit(UNITS[unit])
        .min(0)
        .no_value("—")
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .orientation(options.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(_fixed("blue"))
    )
    for target in drawn(edition, lines):
        panel.with_target(target)
    _paint(panel, colours)
    if about is not None:
        panel.description(edition.say(about))
    return panel


def timeline(
    edition: Edition,
    title: Text,
    lines: Sequence[Line],
    words: ValueMap,
    *,
    interval: str = MINUTE,
    about: Text | None = None,
) -> statetimeline.Panel:
    """States as coloured bands over time; where nothing is known of a time it is left empty."""
    panel = (
        statetimeline.Panel()
        .title(edition.say(title))
        .datasource(edition.source)
        .interval(interval)
        .no_value(edition.say(NOTHING))
        .mappings([words])
        .color_scheme(_fixed(NOT_KNOWN))
        .merge_values(merge_values=True)
        .show_value(options.VisibilityMode.NEVER)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(75)
        .legend(_legend())
        .tooltip(_tooltip())
    )
    for target in drawn(edition, lines):
        panel.with_target(target)
    if about is not None:
        panel.description(edition.say(about))
    return panel


def _lesson_line(edition: Edition) -> Line:
    """1 wherever the chosen school's agents beat in a lesson. They do so each minute."""
    in_lesson = (*chosen("school"), Where("period", value="lesson"))
    beats = reading("presence", OUTCOME_FIELD, in_lesson)
    return Line(Trend(beats, (), Statistic.MAX, present=True), edition.say(IN_LESSON))


def _shade_lessons(edition: Edition, panel: timeseries.Panel) -> timeseries.Panel:
    """A point of VictoriaMetrics ends the interval it stands for, one of InfluxDB begins it."""
    before = edition.engine is Engine.VICTORIAMETRICS
    side = options.BarAlignment.BEFORE if before else options.BarAlignment.AFTER
    return panel.override_by_name(
        edition.say(IN_LESSON),
        [
            DynamicConfigValue("custom.drawStyle", "bars"),
            DynamicConfigValue("custom.barAlignment", int(side)),
            DynamicConfigValue("custom.barWidthFactor", 1),
            DynamicConfigValue("custom.barMaxWidth", 2000),
            DynamicConfigValue("custom.lineWidth", 0),
            DynamicConfigValue("custom.fillOpacity", 15),
            DynamicConfigValue("custom.axisPlacement", "hidden"),
            DynamicConfigValue("custom.hideFrom", {"tooltip": True, "viz": False, "legend": False}),
            DynamicConfigValue("mappings", []),
            DynamicConfigValue("unit", "none"),
            DynamicConfigValue("min", 0),
            DynamicConfigValue("max", 1),
            _colour(LESSON),
        ],
    )


def _as_yes_or_no(edition: Edition, panel: timeseries.Panel, better: Better) -> None:
    panel.mappings([mapping(YES_NO, edition.say, better)]).min(0).max(1).decimals(0)
    panel.line_interpolation(options.LineInterpolation.STEP_AFTER)


def _paint(panel: timeseries.Panel | bargauge.Panel, colours: Mapping[str, str] | None) -> None:
    for name, shade in (colours or {}).items():
        panel.override_by_name(name, [_colour(shade)])


def _colour(name: str) -> DynamicConfigValue:
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": name})


def _fixed(name: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(name)


def plain_thresholds() -> ThresholdsConfig:
    """One colour for every value: Grafana's default would paint 80 and more red."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(None, PLAIN)])


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(options.LegendDisplayMode.LIST)
        .placement(options.LegendPlacement.BOTTOM)
        .calcs([])
    )


def _tooltip() -> common.VizTooltipOptions:
    return (
        common.VizTooltipOptions()
        .mode(options.TooltipDisplayMode.MULTI)
        .sort(options.SortOrder.DESCENDING)
    )
