"""What Grafana does with a dashboard: fills in what was chosen, asks, and reads the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from tests.grafana.county import Told
from tests.lab.influx import Influx
from tests.lab.victoria import Victoria

Board = dict[str, Any]
Panel = dict[str, Any]
Chosen = Mapping[str, list[str]]
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<tag>\w+)\)")


class Asked(Protocol):
    """An engine that holds a county, as Grafana asks it."""

    def values(self, query: str, chosen: Chosen) -> list[str]:
        """What the query of a variable offers."""

    def answer(self, target: Mapping[str, Any], chosen: Chosen, interval: str) -> list[float]:
        """The values of a panel's query, whatever their series and instants."""


def panels(board: Board) -> list[Panel]:
    """Every panel that asks something."""
    inner = [panel for row in board["panels"] for panel in row.get("panels", [])]
    return [panel for panel in [*board["panels"], *inner] if panel.get("targets")]


def choose(board: Board, asked: Asked) -> dict[str, list[str]]:
    """Variable -> what a person finds chosen at first: all, or the first where one is wanted."""
    chosen: dict[str, list[str]] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            offered = [
                _split(text, variable.get("regex", ""))
                for text in asked.values(variable["query"], chosen)
            ]
            assert offered, f"{variable['name']} offers nothing: {variable['query']}"
            assert all(offered), f"{variable['name']}: its pattern takes {offered}"
            chosen[variable["name"]] = offered if variable["multi"] else offered[:1]
    return chosen


def _split(text: str, pattern: str) -> str:
    if not pattern:
        return text
    found = re.fullmatch(pattern.strip("/").strip("^$").replace("(?<", "(?P<"), text)
    return found["value"] if found else ""


class AskedVictoria:
    def __init__(self, engine: Victoria, told: Told) -> None:
        self._engine, self._told = engine, told

    def values(self, query: str, chosen: Chosen) -> list[str]:
        found = _LABEL_VALUES.fullmatch(query)
        assert found, query
        answer = self._ask(
            f"/api/v1/label/{found['tag']}/values",
            {"match[]": self._filled(found["selector"], chosen, "1m")},
        )
        return sorted(map(str, answer))

    def answer(self, target: Mapping[str, Any], chosen: Chosen, interval: str) -> list[float]:
        expression = self._filled(target["expr"], chosen, interval)
        until = self._told.until.timestamp()
        if target["instant"]:
            given = {"query": expression, "time": str(until)}
            result = self._ask("/api/v1/query", given)["result"]
            return [float(series["value"][1]) for series in result]
        step = _seconds(interval)
        since = until - max(step, until - self._told.since.timestamp())
        given = {"query": expression, "start": str(since), "end": str(until), "step": str(step)}
        result = self._ask("/api/v1/query_range", given)["result"]
        return [float(value) for series in result for _, value in series["values"]]

    def _filled(self, query: str, chosen: Chosen, interval: str) -> str:
        span = int((self._told.until - self._told.since).total_seconds())
        given = {"__interval": interval, "__range": f"{span}s"}
        given |= {name: _pattern(values) for name, values in chosen.items()}
        return _fill(query, given)

    def _ask(self, path: str, given: Mapping[str, str]) -> Any:
        plain = {"nocache": "1", "latency_offset": "1ms"}
        answer = json.loads(self._engine.ask(path, **given, **plain))
        assert answer["status"] == "success", answer
        return answer["data"]


class AskedInflux:
    def __init__(self, engine: Influx, told: Told) -> None:
        self._engine, self._told = engine, told

    def values(self, query: str, chosen: Chosen) -> list[str]:
        series = self._engine.query(self._filled(query, chosen, "1m"))
        return sorted(row[1] for found in series for row in found["values"])

    def answer(self, target: Mapping[str, Any], chosen: Chosen, interval: str) -> list[float]:
        found = []
        for series in self._engine.query(self._filled(target["query"], chosen, interval)):
            column = next(n for n, name in enumerate(series["columns"]) if "Value" in name)
            found += [row[column] for row in series["values"]]
        return [float(value) for value in found if value is not None]

    def _filled(self, query: str, chosen: Chosen, interval: str) -> str:
        since, until = _ms(self._told.since), _ms(self._told.until)
        given = {
            "__interval": interval,
            "__to": until,
            "timeFilter": f"time >= {since}ms and time <= {until}ms",
        }
        given |= {f"{name}:regex": _pattern(values) for name, values in chosen.items()}
        return _fill(query, given)


def _pattern(values: list[str]) -> str:
    escaped = [re.escape(value).replace("\\-", "-") for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _fill(query: str, given: Mapping[str, str]) -> str:
    """Raises KeyError for a variable that the dashboard does not have."""
    return re.sub(r"\$(?:{([\w:]+)}|(\w+))", lambda m: given[m[1] or m[2]], query)


def _seconds(interval: str) -> int:
    return int(interval[:-1]) * _SECONDS[interval[-1]]


def _ms(at: datetime) -> str:
    return str(round(at.timestamp() * 1000))
