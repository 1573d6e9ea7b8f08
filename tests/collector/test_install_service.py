from __future__ import annotations

from pathlib import Path

import pytest

from collector.__main__ import main
from collector.commands import install_service


def test_unit_is_shown_with_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install-service", "--print", "--run-as", "wang", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert "User=wang\n" in said.out
    assert "StateDirectory=banjun\n" in said.out
    assert "To uninstall" in said.err


def test_unit_is_written_with_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "banjun-collector.service"
    monkeypatch.setattr(install_service, "PATH", path)
    assert main(["install-service", "--config", "/etc/banjun/collector.toml", "--lang", "zh"]) == 0
    assert " serve --config /etc/banjun/collector.toml\n" in path.read_text()
    assert "已写入" in capsys.readouterr().err


def test_who_may_not_write_is_told_to_be_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_service, "PATH", tmp_path / "absent" / "banjun-collector.service")
    assert main(["install-service", "--lang", "zh"]) == 2
    assert "请以 root 运行" in capsys.readouterr().err
