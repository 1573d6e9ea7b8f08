from __future__ import annotations

from pathlib import Path

import pytest

from probes.support.linux import identify, parse
from probes.support.table import Release


@pytest.mark.parametrize(
    ("text", "system", "name"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian", "12"),
        ('NAME="Debian GNU/Linux"\nID=debian\n', "debian", "-"),
        ("ID=ubuntu\nVERSION_ID='24.04'\n", "ubuntu", "24.04"),
        ('ID="openEuler"\nVERSION="24.03 (LTS-SP3)"\nVERSION_ID="24.03"\n', "openeuler",
         "24.03-lts-sp3"),
        ('ID="openEuler"\nVERSION="22.03 LTS"\nVERSION_ID="22.03"\n', "openeuler", "22.03-lts"),
        ('ID=kylin\nVERSION="银河麒麟桌面操作系统V10 (SP1)"\nVERSION_ID="v10"\n', "kylin", "v10"),
        ('ID=uos\nVERSION_ID="20 Home"\n', "uos", "20-home"),
    ],
)  # fmt: skip
def test_release_is_named_as_in_the_table(text: str, system: str, name: str) -> None:
    assert parse(text) == Release(system, name)


@pytest.mark.parametrize("text", ["", "# ID=x\n", 'ID="unended\n', "garbage"])
def test_file_that_does_not_tell_names_nothing(text: str) -> None:
    assert parse(text) is None


def test_second_place_is_looked_at(tmp_path: Path) -> None:
    assert identify(tmp_path) is None
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID=debian\nVERSION_ID=13\n")
    assert identify(tmp_path) == Release("debian", "13")
