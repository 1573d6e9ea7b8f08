"""The generated files, and the command that writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grafana.build import GENERATED, files, main

pytestmark = pytest.mark.long


def test_committed_files_are_current() -> None:
    assert GENERATED.stale(files()) == []


def test_check_names_what_differs_and_writing_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    edited = tmp_path / "influxdb" / "zh" / "county.json"
    edited.write_text("{}", "utf-8")
    (tmp_path / "influxdb" / "zh" / "gone.json").write_text("{}", "utf-8")
    assert main([str(tmp_path), "--check"]) == 1
    assert "county.json" in (named := capsys.readouterr().out)
    assert "gone.json" in named
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path), "--check"]) == 0
    assert json.loads(edited.read_text("utf-8"))["uid"] == "banjun-influx-county-zh"
