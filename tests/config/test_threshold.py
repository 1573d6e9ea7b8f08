from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError
from config.threshold import STATISTICS, Threshold
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.model import Role, Unit

LOSS = "threshold-gateway-path-loss.toml"
LATENCY = "threshold-gateway-path-latency.toml"
DISK = "threshold-disk-free.toml"


def shipped(id: str) -> Threshold:
    return next(row for row in load_thresholds(discover()).rows if row.id == id)


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A folder with one shipped file, changed in one place."""
    text = (POLICY_FOLDER / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_shipped_thresholds_are_few_and_each_says_why_and_whose_number_it_is() -> None:
    rows = load_thresholds(discover()).rows
    assert 1 <= len(rows) <= 8
    for row in rows:
        assert row.why.zh
        assert row.why.en
        assert row.grounds.kind in ("plan", "public", "default")
        assert row.grounds.kind == "default" or (row.grounds.document and row.grounds.verified)


def test_bounds_are_converted_to_base_units_and_kept_as_written() -> None:
    loss, latency = shipped("gateway_path_loss"), shipped("gateway_path_latency")
    assert loss.degraded is not None
    assert latency.degraded is not None
    assert (loss.degraded.value, loss.degraded.written) == (Fraction(1, 10), "10 %")
    assert (latency.degraded.value, latency.unit) == (Fraction(3, 10), Unit.SECONDS)
    assert latency.degraded.hold == timedelta(minutes=10)
    assert latency.down is None


def test_path_is_watched_from_the_gateway_and_only_towards_the_collector() -> None:
    loss = shipped("gateway_path_loss")
    assert loss.roles == frozenset({Role.GATEWAY})
    assert loss.targets == frozenset({"collector"})


def test_number_at_the_bound_breaks_it_only_where_the_operator_includes_it() -> None:
    loss, latency = shipped("gateway_path_loss"), shipped("gateway_path_latency")
    assert loss.degraded is not None
    assert latency.degraded is not None
    assert loss.breaks(0.1, loss.degraded)
    assert not latency.breaks(0.3, latency.degraded)
    assert latency.breaks(0.30001, latency.degraded)


def test_every_statistic_is_one_that_a_store_knows() -> None:
    from collector.store import PLAIN

    assert set(STATISTICS) <= set(PLAIN)


def test_share_of_runs_is_the_mean_of_a_yes_or_no(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / LOSS).read_text("utf-8")
    text = text.replace("tcp_connect.loss_ratio", "tcp_connect.reachable")
    text = text.replace('">="', '"<="').replace("bound = 10\n", "bound = 99\n")
    (tmp_path / LOSS).write_text(text, "utf-8")
    (row,) = load_thresholds(discover(), tmp_path).rows
    assert row.unit is Unit.RATIO


def test_comment_does_not_change_the_revision_and_a_hold_does(tmp_path: Path) -> None:
    first = shipped("gateway_path_loss").revision
    commented = changed(tmp_path, LOSS, "# Connections", "# All connections")
    assert load_thresholds(discover(), commented).rows[0].revision == first
    held = changed(tmp_path, LOSS, 'hold = "3 min"', 'hold = "4 min"')
    assert load_thresholds(discover(), held).rows[0].revision != first


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        (LOSS, "tcp_connect.loss_ratio", "tcp_connect.loss", "metric.*has no metric 'loss'"),
        (LOSS, "tcp_connect.loss_ratio", "tcp.loss_ratio", "metric.*no probe 'tcp'"),
        (LOSS, 'statistic = "mean"', 'statistic = "average"', "statistic"),
        (LOSS, 'unit = "%"', 'unit = "ms"', "unit.*converted to ratio"),
        (LOSS, 'operator = ">="', 'operator = "<"', "operator.*where loss_ratio is good"),
        (LOSS, 'window = "5 min"', 'window = "5"', "window.*like 90 s"),
        (LOSS, 'window = "5 min"', 'window = "0 s"', "window"),
        (LOSS, 'hold = "3 min"', 'hold = "-3 min"', r"degraded\.hold"),
        (LOSS, "bound = 90", "bound = 5", "down.*should be worse"),
        (LOSS, "bound = 10", 'bound = "10%"', r"degraded\.bound"),
        (LOSS, 'roles = ["gateway"]', 'roles = ["router"]', r"applies\.roles"),
        (LOSS, "[degraded]", "[degradet]", "degradet"),
        (LOSS, 'kind = "default"', 'kind = "public"', r"source\.document"),
        (
            LOSS,
            'kind = "default"',
            'kind = "public"\ndocument = "x"',
            r"source\.verified.*how it was checked",
        ),
        (DISK, 'operator = "<"', 'operator = ">"', "operator"),
        (LATENCY, "[degraded]\nbound = 300\nhold = \"10 min\"\nrecovery = \"10 min\"\n", "",
         "degraded.*there must be a bound"),
    ],
)  # fmt: skip
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, name: str, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"{name}.*{named}"):
        load_thresholds(discover(), changed(tmp_path, name, old, new))


def test_id_used_twice_is_refused(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / LOSS).read_text("utf-8")
    for name in ("threshold-a.toml", "threshold-b.toml"):
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(PolicyError, match="there twice"):
        load_thresholds(discover(), tmp_path)
