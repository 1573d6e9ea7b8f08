from __future__ import annotations

from pathlib import Path

import pytest

from probes.snmp.values import oid
from probes.snmp.vendors import enterprise, load, vendor_of


@pytest.mark.parametrize(
    ("object_id", "vendor"),
    [
        ("1.3.6.1.4.1.25506.1.612", "H3C"),
        ("1.3.6.1.4.1.2011.2.23.276", "Huawei"),
        ("1.3.6.1.4.1.4881.1.1.10.1.41", "Ruijie"),
        ("1.3.6.1.4.1.318.1.3.4.8", "APC"),
        ("1.3.6.1.4.1.50001", "Hikvision"),
        ("1.3.6.1.4.1.8072.3.2.10", "net-snmp"),
    ],
)
def test_vendor_is_named_by_the_enterprise_number(object_id: str, vendor: str) -> None:
    found = vendor_of(oid(object_id))
    assert found is not None
    assert found.name.en == vendor


@pytest.mark.parametrize(
    "object_id", ["1.3.6.1.4.1", "1.3.6.1.4.19849", "1.3.6.1.4.1.0.1.3.1", "0.0"]
)
def test_identifier_of_no_enterprise_names_nobody(object_id: str) -> None:
    assert enterprise(oid(object_id)) is None
    assert vendor_of(oid(object_id)) is None


def test_number_that_is_not_listed_is_still_told() -> None:
    assert vendor_of(oid("1.3.6.1.4.1.99999")) is None
    assert enterprise(oid("1.3.6.1.4.1.99999")) == 99999


def test_software_in_many_devices_is_marked() -> None:
    assert {v.name.en for v in load().values() if v.is_product} == {
        "net-snmp", "UCD-SNMP", "Microsoft Windows",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('numbers = [9, 9]\nzh = "思"\nen = "C"\nverified = "memory"', "9 is there twice"),
        ('numbers = [9]\nzh = "思"\nen = ""\nverified = "memory"', "needs"),
        ('numbers = [9]\nzh = "思"\nen = "C"\nverified = "guess"', "needs"),
    ],
)
def test_mistake_in_the_list_is_named(rows: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "vendors.toml"
    path.write_text(f"[[vendor]]\n{rows}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        load(path)
