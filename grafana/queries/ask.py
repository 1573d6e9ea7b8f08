"""A question as a query of a panel, in the dialect of an edition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import prometheus

from grafana.edition import Edition, Engine
from grafana.queries import influxql, promql
from grafana.queries.influx_query import Built, InfluxQuery
from grafana.queries.question import OVER_TIME, Question, Series

_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TAG = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Line:
    """A question whose answer is drawn. In `legend`, `{school}` stands for the tag `school`."""

    question: Question
    legend: str


def drawn(edition: Edition, lines: Sequence[Line]) -> list[Builder[Dataquery]]:
    """For a chart: a series for each combination of tags."""
    return [
        _query(edition, line.question, ref_of(n), "Value", line.legend, table=False)
        for n, line in enumerate(lines)
    ]


def tabled(edition: Edition, questions: Sequence[Question]) -> list[Builder[Dataquery]]:
    """For a table: a row for each combination of tags."""
    columns = columns_of(len(questions))
    return [
        _query(edition, question, ref_of(n), columns[n], "", table=True)
        for n, question in enumerate(questions)
    ]


def columns_of(questions: int) -> list[str]:
    """The columns that hold the values of so many tabled questions.

    Grafana names them for Prometheus; InfluxQL is asked for the same names, so that what follows
    needs no second form.
    """
    return ["Value"] if questions == 1 else [f"Value #{ref_of(n)}" for n in range(questions)]


def ref_of(number: int) -> str:
    return _REFS[number]


def tag_values(edition: Edition, tag: str, series: Series) -> str:
    """The query of a variable: every value of a tag."""
    if edition.engine is Engine.INFLUXDB:
        return influxql.tag_values(tag, series)
    return promql.tag_values(tag, series)


def _query(
    edition: Edition, question: Question, ref: str, column: str, legend: str, *, table: bool
) -> Builder[Dataquery]:
    if edition.engine is Engine.INFLUXDB:
        return Built(
            InfluxQuery(
                query=influxql.render(question, column),
                ref_id=ref,
                result_format="table" if table else "time_series",
                alias=_TAG.sub(r"$tag_\1", legend),
                datasource=edition.source,
            )
        )
    over_time = isinstance(question, OVER_TIME)
    form = prometheus.PromQueryFormat.TABLE if table else prometheus.PromQueryFormat.TIME_SERIES
    return Built(
        prometheus.Dataquery(
            expr=promql.render(question),
            ref_id=ref,
            instant=not over_time,
            range_val=over_time,
            format_val=form,
            legend_format=_TAG.sub(r"{{\1}}", legend),
            editor_mode=prometheus.QueryEditorMode.CODE,
            datasource=edition.source,
        )
    )
