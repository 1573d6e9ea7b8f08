from __future__ import annotations

import json
from pathlib import Path, PureWindowsPath

import pytest

from agent.__main__ import main
from agent.commands import install_service
from agent.commands.install_service import Plan, Program, Wish, cron_plan, windows_plan
from config.units.windows_task import NAMESPACE
from probes.text import Text

PROGRAMDATA = PureWindowsPath(r"C:\ProgramData\Banjun")
AGENT = Program((r"C:\Banjun\banjun-agent.exe",))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed agent on a machine with systemd, whose home is a temporary folder."""
    program = tmp_path / "bin" / "banjun-agent"
    program.parent.mkdir()
    program.touch()
    monkeypatch.setattr(install_service, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr("sys.executable", str(program.with_name("python")))
    monkeypatch.setenv("HOME", str(tmp_path))
    return program


def test_unit_is_shown_and_nothing_is_written(
    installed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert main(["install-service", "--print", "--allow", "icmp", "--lang", "zh"]) == 0
    said = capsys.readouterr()
    assert f"ExecStart={installed} run" in said.out
    assert "AmbientCapabilities=CAP_NET_RAW" in said.out
    assert "systemctl enable --now banjun-agent" in said.err
    assert "卸载" in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_sentinel_may_see_frames_and_gets_room_for_it(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["install-service", "--print", "--allow", "lan", "--allow", "icmp", "--lang", "en"]
    assert main(words) == 0
    unit = capsys.readouterr().out
    assert "AmbientCapabilities=CAP_NET_RAW\n" in unit
    assert "CapabilityBoundingSet=CAP_NET_RAW\n" in unit
    assert "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK AF_PACKET\n" in unit
    assert "MemoryMax=512M\n" in unit


def test_machine_that_is_no_sentinel_opens_no_socket_for_frames(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-service", "--print", "--allow", "icmp", "--lang", "en"]) == 0
    unit = capsys.readouterr().out
    assert "AF_PACKET" not in unit
    assert "MemoryMax=256M\n" in unit


def test_users_own_unit_is_written_where_systemd_looks(
    installed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "agent.toml"
    config.touch()
    words = ["install-service", "--user", "--config", str(config), "--json", "--lang", "en"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    unit = tmp_path / ".config/systemd/user/banjun-agent.service"
    assert (told["kind"], told["path"], told["written"]) == ("systemd", str(unit), True)
    assert unit.read_text() == told["content"]
    assert f"--config {config}" in told["content"]
    assert told["uninstall"][0] == "systemctl --user disable --now banjun-agent"


def test_state_directory_elsewhere_is_refused_with_the_way_out(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-service", "--print", "--state-dir", "/srv/x", "--lang", "en"]) == 2
    assert "/var/lib/banjun-agent" in capsys.readouterr().err
    assert main(["install-service", "--print", "--state-dir", "/var/lib/y", "--lang", "en"]) == 0
    assert "StateDirectory=y" in capsys.readouterr().out


def test_machine_without_systemd_gets_a_line_for_cron(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_service, "SYSTEMD_RUNS", Path("/nonexistent"))
    assert main(["install-service", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert said.out == (
        f"*/5 * * * * {installed} once --state-dir /var/lib/banjun-agent --jitter 120\n"
    )
    assert "crontab -e" in said.err


def test_line_for_cron_uses_the_state_directory_that_was_enrolled(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_service, "SYSTEMD_RUNS", Path("/nonexistent"))
    monkeypatch.setenv("STATE_DIRECTORY", "/home/wang/agent")
    assert main(["install-service", "--lang", "en"]) == 0
    assert " --state-dir /home/wang/agent " in capsys.readouterr().out


def test_agent_that_is_not_installed_is_started_from_its_sources() -> None:
    plan = cron_plan(
        Wish(), Program(("/usr/bin/python3", "-m", "agent"), "/opt/banjun"), Path("/s")
    )
    assert "cd /opt/banjun && /usr/bin/python3 -m agent once" in plan.text


def test_windows_gets_a_task_that_logs_beside_its_state() -> None:
    plan = windows_plan(Wish(), AGENT, PROGRAMDATA)
    assert isinstance(plan, Plan)
    assert (plan.kind, str(plan.path)) == ("task", r"C:\ProgramData\Banjun\banjun-agent.xml")
    assert NAMESPACE in plan.text
    assert r"run --state-dir C:\ProgramData\Banjun --log-file C:\ProgramData\Banjun\agent.log" in (
        plan.text
    )
    assert rf'schtasks /Create /TN "Banjun\Agent" /XML "{plan.path}" /F' in plan.commands
    assert "S-1-5-19" in plan.text


@pytest.mark.parametrize("wish", [Wish(user=True), Wish(allow=("icmp",)), Wish(run_as="wang")])
def test_what_windows_does_not_have_is_said(wish: Wish) -> None:
    assert isinstance(windows_plan(wish, AGENT, PROGRAMDATA), Text)
    assert isinstance(windows_plan(Wish(run_as="SYSTEM"), AGENT, PROGRAMDATA), Plan)
