from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from probes.support.table import Release, load

ROW = '[[table]]\nsystem = "x"\nsource = "s"\nchecked = 2026-01-01\nverified = "{verified}"\n'
ENDS = '[table.ends]\n"1" = 2027-01-01\n'


def test_shipped_table_knows_what_schools_run() -> None:
    table = load()
    assert table[Release("debian", "12")].on == date(2028, 6, 30)
    assert table[Release("windows", "7")].on == date(2020, 1, 14)
    assert table[Release("openeuler", "24.03-lts-sp3")].on == date(2027, 12, 31)
    assert {"debian", "ubuntu", "openeuler", "windows"} == {r.system for r in table}


@pytest.mark.parametrize(
    "text", [ROW.format(verified="guessed") + ENDS, (ROW.format(verified="memory") + ENDS) * 2]
)
def test_row_without_origin_and_twins_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ends.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"ends\.toml"):
        load(path)
