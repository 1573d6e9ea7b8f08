"""The same readings in VictoriaMetrics: written in bulk, and asked for in its own language."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from urllib.parse import urlencode

import msgspec

from tests.bench.county import County
from tests.bench.peers import Server
from tests.bench.process import cpu_seconds
from tests.bench.school_data import Floats, Ints, Series

FLAGS = (
    "-search.maxUniqueTimeseries=10000000",
    "-search.maxSamplesPerQuery=10000000000",
    "-search.maxQueryDuration=300s",
)
"""Some questions are about all that it has."""
_IDLE_SHARE = 0.05

Key = tuple[str, ...]


class Victoria:
    """One connection. Times are Unix seconds, to the millisecond."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._http = HTTPConnection("127.0.0.1", server.port, timeout=600)

    def write(self, county: County, series: Series, at: Ints, values: list[Floats]) -> None:
        """A `county.Sink`: each metric as the exporter names it, as lines of its JSON import."""
        instants = [row.tolist() for row in at]
        lines = [
            msgspec.json.encode(
                {
                    "metric": {
                        "__name__": f"{series.probe}_{metric.name}",
                        "school": county.school(number),
                        "agent": agent,
                        "target": series.target,
                        **series.labels,
                    },
                    "values": rows[number].tolist(),
                    "timestamps": instants[number],
                }
            )
            for metric, rows in zip(series.metrics, values, strict=True)
            for number, agent in enumerate(county.agents)
        ]
        self._ask("POST", "/api/v1/import", b"\n".join(lines))

    def settle(self) -> None:
        """Return when all is on disk, merged, and nothing goes on in the background."""
        for path in ("/internal/force_flush", "/internal/force_merge"):
            self._ask("GET", path)
        calm = 0
        while calm < 2:
            before = cpu_seconds(self.server.pid)
            time.sleep(1)
            calm = calm + 1 if cpu_seconds(self.server.pid) - before < _IDLE_SHARE else 0

    def rows(self) -> int:
        """How many samples it holds, by its own count."""
        text = self._ask("GET", "/metrics").decode()
        counted = [line for line in text.splitlines() if line.startswith("vm_rows{")]
        return sum(int(float(line.split()[-1])) for line in counted if "indexdb" not in line)

    def at(self, query: str, instant: float) -> bytes:
        """The answer to an instant query, undecoded."""
        asked = {"query": query, "time": f"{instant:.3f}", "nocache": 1}
        return self._ask("GET", f"/api/v1/query?{urlencode(asked)}")

    def over(self, query: str, first: float, last: float, step: float) -> bytes:
        """The answer to a range query, undecoded."""
        asked = {"query": query, "start": f"{first:.3f}", "end": f"{last:.3f}", "step": step}
        return self._ask("GET", f"/api/v1/query_range?{urlencode({**asked, 'nocache': 1})}")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        self._http.request(method, path, body)
        answer = self._http.getresponse()
        said = answer.read()
        if answer.status not in (200, 204):
            raise RuntimeError(f"{path}: {answer.status} {said[:500].decode(errors='replace')}")
        return said


def single_values(answer: bytes, by: Sequence[str]) -> dict[Key, float]:
    """Of an instant query, by the values of the labels `by`."""
    found = json.loads(answer)["data"]["result"]
    return {tuple(r["metric"].get(b, "") for b in by): float(r["value"][1]) for r in found}


def points(answer: bytes) -> dict[Key, float]:
    """Of a range query with one series, by the instant in ms."""
    (series,) = json.loads(answer)["data"]["result"]
    return {(str(round(at * 1000)),): float(value) for at, value in series["values"]}
