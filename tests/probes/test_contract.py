"""What every probe owes, whoever wrote it."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from math import isfinite, log10
from pathlib import Path
from typing import Any

import pytest

from probes import docs
from probes.catalog import AnyProbe, discover
from probes.model import Metric, SettingError, Unit, parse_settings
from probes.text import Text

PROBES = list(discover().values())
METRICS = {(p.name, m.name): m for p in PROBES for m in p.measures}
HEAVY = (
    "scapy",
    "pysnmp",
    "dns",
    "numpy",
    "duckdb",
    "aiohttp",
    "influxdb_client",
    "psutil",
    "sqlite3",
)
ROOT = Path(__file__).parents[2]

each_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
each_metric = pytest.mark.parametrize(
    "metric", METRICS.values(), ids=[".".join(k) for k in METRICS]
)


def texts_of(probe: AnyProbe) -> Iterator[Text]:
    yield from (probe.title, probe.about, probe.limits, probe.privilege)
    yield from probe.labels.values()
    yield from probe.reasons.values()
    yield from (f.metadata["help"] for f in dataclasses.fields(probe.Settings))
    for metric in probe.measures:
        yield from (metric.title, metric.meaning)


def test_there_are_probes() -> None:
    assert PROBES


@each_probe
def test_words_are_there_in_both_languages(probe: AnyProbe) -> None:
    for text in texts_of(probe):
        assert re.search(r"[\u4e00-\u9fff]", text.zh), text
        assert re.search(r"[A-Za-z]", text.en), text
        assert not re.search(r"[\u4e00-\u9fff]", text.en), text


@each_probe
def test_probe_has_tests_that_see_every_metric(probe: AnyProbe) -> None:
    text = (Path(__file__).parent / f"test_{probe.name}.py").read_text(encoding="utf-8")
    assert f"assert_all_metrics_covered({probe.__name__})" in text


@each_probe
def test_page_is_current(probe: AnyProbe) -> None:
    written = (docs.FOLDER / f"{probe.name}.md").read_text(encoding="utf-8")
    assert written == docs.page(probe)


@each_probe
def test_settings_have_bounds_and_defaults_within_them(probe: AnyProbe) -> None:
    for field in dataclasses.fields(probe.Settings):
        if isinstance(field.default, bool):
            continue
        if isinstance(field.default, (int, float)):
            assert field.metadata["minimum"] <= field.default <= field.metadata["maximum"]
    defaults = dataclasses.asdict(probe.Settings())
    assert parse_settings(probe.Settings, defaults, probe.name) == probe.Settings()


@each_probe
def test_unknown_setting_is_refused(probe: AnyProbe) -> None:
    with pytest.raises(SettingError, match="no_such_setting"):
        parse_settings(probe.Settings, {"no_such_setting": 1}, probe.name)


@each_probe
@pytest.mark.parametrize("bound", ["default", "minimum", "maximum"])
def test_deadline_is_beyond_the_longest_run(probe: AnyProbe, bound: str) -> None:
    extreme: dict[str, Any] = {
        f.name: f.metadata[bound]
        for f in dataclasses.fields(probe.Settings)
        if bound != "default" and f.metadata[bound] is not None
    }
    settings = parse_settings(probe.Settings, extreme, probe.name)
    assert probe(settings).longest_seconds() < probe.deadline_seconds


@each_probe
def test_probe_runs_somewhere_and_has_a_version(probe: AnyProbe) -> None:
    assert probe.roles
    assert probe.version >= 1
    assert re.fullmatch(r"[a-z][a-z0-9_]+", probe.name)


@each_metric
def test_name_carries_its_unit(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", metric.name)
    if metric.unit is Unit.BOOLEAN:
        assert not any(f"_{unit}" in metric.name for unit in Unit)
    else:
        assert re.search(rf"(^|_){metric.unit}(_|$)", metric.name)


@each_metric
def test_resolution_is_a_power_of_ten(metric: Metric) -> None:
    assert metric.resolution > 0
    assert log10(metric.resolution) == pytest.approx(round(log10(metric.resolution)))


@each_metric
def test_bounds_fit_the_unit(metric: Metric) -> None:
    low, high = metric.minimum, metric.maximum
    assert all(isfinite(bound) for bound in (low, high) if bound is not None)
    assert low is None or high is None or low < high
    if metric.unit is Unit.BOOLEAN:
        assert (low, high, metric.resolution) == (0, 1, 1)
    elif metric.unit not in (Unit.CELSIUS, Unit.DBM):
        assert low is not None
        assert low >= 0 or is_signed_on_purpose(metric)


def is_signed_on_purpose(metric: Metric) -> bool:
    """A difference of times may be below nothing, and then its meaning says what that means."""
    is_told = "负数" in metric.meaning.zh and "negative" in metric.meaning.en
    return metric.unit is Unit.SECONDS and is_told


def test_metrics_of_one_name_mean_the_same_everywhere() -> None:
    by_name: dict[str, set[Metric]] = {}
    for metric in METRICS.values():
        by_name.setdefault(metric.name, set()).add(metric)
    assert [name for name, kinds in by_name.items() if len(kinds) > 1] == []


def test_index_of_pages_is_current_and_no_page_is_left_over() -> None:
    assert docs.stale(discover(), docs.FOLDER) == []


def test_knowing_the_catalog_loads_no_heavy_library() -> None:
    script = "import sys; from probes.catalog import discover; discover(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint(HEAVY)
    assert "probes" in loaded
