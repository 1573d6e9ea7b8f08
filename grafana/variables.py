"""What the person chooses: the data source, the collector's address, city, county, school, device.

Each list depends on the choice before it. People read names; queries get codes. `All` stands for
the list that is offered, so that a chosen city also limits what has no tag for the city.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import (
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from config.measurement import AGENT_FACTS, AREA_VERDICT, LABEL_SEPARATOR, SCHOOL_FACTS
from grafana.edition import SOURCE_TYPES, Edition
from grafana.queries.ask import tag_values
from grafana.queries.question import Series, Where, chosen
from probes.text import Text

COLLECTOR_URL = "http://127.0.0.1:8421"
"""Where a browser on the collector's own machine finds its pages; a text box changes it."""
NAME_AND_CODE = f"/^(?<text>.+){LABEL_SEPARATOR}(?<value>[^{LABEL_SEPARATOR.strip()}]+)$/"

_ALL = VariableOption(selected=True, text=["All"], value=["$__all"])
_TITLES = {
    "city": Text("市", "City"),
    "county": Text("区县", "County"),
    "school": Text("学校", "School"),
    "device": Text("设备", "Device"),
    "region": Text("区域", "Region"),
}

Variable = Builder[VariableModel]


def everywhere(edition: Edition) -> list[Variable]:
    """On every dashboard."""
    source = (
        DatasourceVariable("datasource")
        .label(edition.say(Text("数据源", "Data source")))
        .type(SOURCE_TYPES[edition.engine])
    )
    address = (
        TextBoxVariable("collector")
        .label(edition.say(Text("采集器网址", "Collector")))
        .default_value(COLLECTOR_URL)
        .current(VariableOption(text=COLLECTOR_URL, value=COLLECTOR_URL))
    )
    return [source, address]


def counties(edition: Edition) -> list[Variable]:
    """City, then county; several at once."""
    return [
        _list(edition, "city", "city_label", _schools(), several=True),
        _list(edition, "county", "county_label", _schools("city"), several=True),
    ]


def schools(edition: Edition, *, several: bool) -> list[Variable]:
    """City, county, school."""
    choice = _list(edition, "school", "school_label", _schools("county"), several=several)
    return [*counties(edition), choice]


def devices(edition: Edition) -> list[Variable]:
    """City, county, one school, and devices of it."""
    facts = Series(AGENT_FACTS.name, "heard_age_seconds", chosen("school"))
    choice = _list(edition, "device", "agent_label", facts, several=True)
    return [*schools(edition, several=False), choice]


def regions(edition: Edition) -> Variable:
    """The areas over which shares are taken: by the first digits of their schools' adcodes."""
    verdicts = Series(AREA_VERDICT.name, "verdict_code")
    return _list(edition, "region", "region", verdicts, several=True).regex("")


def of_devices(*conditions: Where) -> tuple[Where, ...]:
    """The school and the devices that were chosen."""
    return (*chosen("school"), Where("agent", variable="device"), *conditions)


def _schools(*above: str) -> Series:
    return Series(SCHOOL_FACTS.name, "agents_count", chosen(*above))


def _list(edition: Edition, name: str, tag: str, series: Series, *, several: bool) -> QueryVariable:
    variable = (
        QueryVariable(name)
        .label(edition.say(_TITLES[name]))
        .datasource(edition.source)
        .query(tag_values(edition, tag, series))
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .regex(NAME_AND_CODE)
        .multi(several)
        .include_all(several)
    )
    return variable.current(_ALL) if several else variable
