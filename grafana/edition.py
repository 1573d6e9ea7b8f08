"""An edition of the dashboards: for one engine, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.models.dashboard import DataSourceRef

from probes.text import Language, Text


class Engine(StrEnum):
    """The time-series engines that the collector can write to."""

    VICTORIAMETRICS = "victoriametrics"
    INFLUXDB = "influxdb"


SOURCE_TYPES = {Engine.VICTORIAMETRICS: "prometheus", Engine.INFLUXDB: "influxdb"}
"""Grafana's type of data source. Only what Grafana itself brings; no plug-in is needed."""
_SHORT = {Engine.VICTORIAMETRICS: "vm", Engine.INFLUXDB: "influx"}


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs between two files of the same dashboard."""

    engine: Engine
    language: Language

    def say(self, text: Text) -> str:
        return text(self.language)

    def uid(self, board: str) -> str:
        """Of a dashboard; links between dashboards are made of it. At most 40 characters."""
        return f"banjun-{_SHORT[self.engine]}-{board}-{self.language}"

    @property
    def tag(self) -> str:
        """What the dashboards of this edition, and no others, are tagged with."""
        return f"banjun-{_SHORT[self.engine]}-{self.language}"

    @property
    def source(self) -> DataSourceRef:
        """The data source that the person chose; no dashboard names one."""
        return DataSourceRef(type_val=SOURCE_TYPES[self.engine], uid="${datasource}")


EDITIONS = tuple(Edition(engine, language) for engine in Engine for language in Language)
