from __future__ import annotations

from pathlib import Path

import pytest

from probes.snmp.values import Value, oid
from probes.snmp.wireless import Wireless, load, scalars, wireless

CAPWAP, HUAWEI = "CAPWAP-BASE-MIB", "HUAWEI-WLAN-GLOBAL-MIB"


def test_controller_counts_access_points_and_clients() -> None:
    told: dict[str, Value] = {f"{CAPWAP} access_points": 171, f"{CAPWAP} clients": 2344}
    assert wireless(told) == Wireless(CAPWAP, 171, 2344)


def test_standard_counts_before_the_makers_own() -> None:
    told: dict[str, Value] = {f"{HUAWEI} clients": 5, f"{CAPWAP} clients": 4}
    assert wireless(told) == Wireless(CAPWAP, None, 4)
    assert wireless({f"{HUAWEI} clients": 5}) == Wireless(HUAWEI, None, 5)


def test_no_clients_is_a_count() -> None:
    told: dict[str, Value] = {f"{CAPWAP} access_points": 0, f"{CAPWAP} clients": 0}
    assert wireless(told) == Wireless(CAPWAP, 0, 0)


@pytest.mark.parametrize("value", [-1, 2**32 - 1, b"12"])
def test_count_that_is_none_is_absent(value: Value) -> None:
    told: dict[str, Value] = {f"{CAPWAP} access_points": 3, f"{CAPWAP} clients": value}
    assert wireless(told) == Wireless(CAPWAP, 3, None)
    assert wireless({f"{CAPWAP} clients": value}) is None


def test_every_row_has_its_sources_and_sound_identifiers() -> None:
    assert all(row["source"] and row["verified"] for row in load())
    assert all(oid(text)[-1] == 0 for text in scalars().values())
    assert len(set(scalars().values())) == 2 * len(load())


def test_row_without_a_source_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wireless.toml"
    file.write_text("[[controller]]\nmib = 'X'\naccess_points = '1.0'\nclients = '1.2.0'\n")
    with pytest.raises(KeyError, match="source"):
        load(file)
