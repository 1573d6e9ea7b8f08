"""A query to Grafana's InfluxDB data source, which the foundation SDK has no type for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, register_dataquery_variant
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef


@dataclass
class InfluxQuery(Dataquery):
    """An InfluxQL query as it is written.

    Attributes:
        result_format: `time_series` or `table`.
        alias: the name of a series; `$tag_school` stands for its tag `school`.
    """

    query: str
    ref_id: str
    result_format: str
    alias: str = ""
    datasource: DataSourceRef | None = None

    def to_json(self) -> dict[str, object]:
        payload: dict[str, object] = {
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": self.result_format,
        }
        if self.alias:
            payload["alias"] = self.alias
        if self.datasource is not None:
            payload["datasource"] = self.datasource
        return payload

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        source = data.get("datasource")
        return cls(
            query=data["query"],
            ref_id=data["refId"],
            result_format=data["resultFormat"],
            alias=data.get("alias", ""),
            datasource=DataSourceRef.from_json(source) if source is not None else None,
        )


class Built(Builder[Dataquery]):
    """A query that is complete, where the SDK asks for something that builds one."""

    def __init__(self, query: Dataquery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        return self._query


def register() -> None:
    """Makes the SDK read such queries from JSON as what they are."""
    register_dataquery_variant(DataqueryConfig("influxdb", InfluxQuery.from_json))
