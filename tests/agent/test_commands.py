from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.__main__ import main
from agent.identity import Identity
from probes.wire import Task
from tests.fakes.collector import FakeCollector, config_of, status

REPOSITORY = Path(__file__).parents[2]
LOCAL = [Task("uptime", 60), Task("tcp_connect", 60, "collector", "collector")]


class Shell:
    """Runs `banjun-agent` in this process, beside the loop that serves the collector."""

    def __init__(self, state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state_dir = state_dir
        self._capsys = capsys

    async def __call__(self, *words: str, lang: str = "en") -> tuple[int, str, str]:
        given = [*words, "--lang", lang, "--state-dir", str(self.state_dir)]
        code = await asyncio.to_thread(main, given)
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "state", capsys)


async def test_enrol_tells_what_this_machine_is_now(shell: Shell) -> None:
    async with FakeCollector() as collector:
        code, out, _ = await shell("enrol", collector.enrolment.to_text(), lang="zh")
        assert (code, "已注册：示范小学" in out) == (0, True)
        code, out, _ = await shell("enrol", collector.enrolment.to_text(), "--replace", "--json")
        assert json.loads(out)["agent"] == "agent2"
        code, out, err = await shell("enrol", collector.enrolment.to_text())
        assert (code, out) == (2, "")
        assert "--replace" in err
    assert Identity.load(shell.state_dir).key not in out + err


@pytest.mark.parametrize(("token", "code"), [("tok.wrong", 1), ("tok.secret", 0)])
async def test_refused_token_is_a_failure_not_a_usage_error(
    shell: Shell, token: str, code: int
) -> None:
    async with FakeCollector() as collector:
        string = collector.enrolment.to_text()
        collector.token = "tok.secret" if code == 0 else token
        assert (await shell("enrol", string))[0] == code


async def test_damaged_string_is_a_usage_error(shell: Shell) -> None:
    code, out, err = await shell("enrol", "enr1.oops")
    assert (code, out) == (2, "")
    assert "Copy it again" in err


async def test_once_measures_delivers_and_sums_up(shell: Shell) -> None:
    async with FakeCollector(config=config_of(*LOCAL)) as collector:
        await shell("enrol", collector.enrolment.to_text())
        code, out, _ = await shell("once")
        assert code == 0
        assert "2 readings: 2 ok, 0 failed, 0 not run; 0 wait" in out
        assert sorted({r.probe for r in collector.records()}) == ["tcp_connect", "uptime"]
        code, out, _ = await shell("once", "--json")
        assert len(json.loads(out)["records"]) == 2
        assert len(collector.records()) == 4


async def test_once_without_its_collector_keeps_what_it_measured(shell: Shell) -> None:
    async with FakeCollector(config=config_of(*LOCAL)) as collector:
        await shell("enrol", collector.enrolment.to_text())
        await shell("once")
        collector.fault = status(503)
        code, out, err = await shell("once")
        assert (code, "2 wait to be delivered" in out) == (1, True)
        assert "busy" in err
        collector.fault = None
        await shell("once")
        assert len(collector.records()) == 6


async def test_once_says_why_a_configuration_is_refused(shell: Shell) -> None:
    wrong = config_of(Task("tcp_connect", 60, "meta", "169.254.169.254", 80))
    async with FakeCollector(config=wrong) as collector:
        await shell("enrol", collector.enrolment.to_text())
        code, _, err = await shell("once", lang="zh")
    assert code == 1
    assert "allow.hosts" in err
    assert "拒绝采集器下发的配置" in err


async def test_status_reads_what_the_agent_wrote(shell: Shell) -> None:
    async with FakeCollector(config=config_of(*LOCAL)) as collector:
        await shell("enrol", collector.enrolment.to_text())
        await shell("once")
        code, out, _ = await shell("status", "--json")
        report: dict[str, Any] = json.loads(out)
        assert report["identity"]["school_name"] == "示范小学"
        assert report["status"]["config"] == "r1"
        assert report["status"]["state"]["spool_readings"] == 0
        assert {task["outcome"] for task in report["status"]["tasks"]} == {"ok"}
        assert report["running"] is True  # `once` ran in this very process, just now.
        assert code == 0
        code, out, _ = await shell("status", lang="zh")
        assert "示范小学" in out
        assert "uptime local（每 60 秒）正常" in out


async def test_status_of_an_agent_that_does_not_run_is_a_failure(shell: Shell) -> None:
    async with FakeCollector() as collector:
        await shell("enrol", collector.enrolment.to_text())
    code, out, _ = await shell("status")
    assert code == 1
    assert "does not run" in out


async def test_status_names_what_root_would_add(shell: Shell) -> None:
    async with FakeCollector() as collector:
        await shell("enrol", collector.enrolment.to_text())
    report = {
        "agent": "agent1",
        "tasks": [
            {"probe": "posture_firewall", "target": "local", "every": 60,
             "outcome": "not_run", "reason": "no_privilege"},
            {"probe": "snmp_system", "target": "lan", "every": 60,
             "outcome": "failed", "reason": "no_answer", "about": "core"},
        ],
    }  # fmt: skip
    (shell.state_dir / "status.json").write_text(json.dumps(report))
    _, out, _ = await shell("status")
    assert "running as root would add: posture_firewall" in out
    assert "snmp_system lan (each 60 s) core failed The device gave no answer." in out


@pytest.mark.parametrize("command", ["run", "once", "status"])
async def test_agent_without_identity_is_told_how_to_enrol(shell: Shell, command: str) -> None:
    code, out, err = await shell(command, lang="zh")
    assert (code, out) == (2, "")
    assert "banjun-agent enrol" in err


async def test_probes_are_listed(shell: Shell) -> None:
    code, out, _ = await shell("probes", "--json")
    uptime = next(probe for probe in json.loads(out) if probe["name"] == "uptime")
    assert (code, uptime["needs_target"], uptime["roles"] != []) == (0, False, True)
    assert "uptime" in (await shell("probes"))[1]


async def test_probe_runs_without_any_enrolment(shell: Shell) -> None:
    code, out, _ = await shell("probe", "uptime", "--json")
    (record,) = json.loads(out)
    assert (code, record["probe"], record.get("outcome", "ok")) == (0, "uptime", "ok")
    code, out, _ = await shell("probe", "uptime", lang="zh")
    assert "uptime local：正常" in out


async def test_probe_that_finds_a_failure_exits_with_one(
    shell: Shell, unused_tcp_port: int
) -> None:
    code, out, _ = await shell("probe", "tcp_connect", f"127.0.0.1:{unused_tcp_port}")
    assert code == 1
    assert "failed" in out


async def test_probe_aims_at_the_collector_by_name(shell: Shell) -> None:
    async with FakeCollector() as collector:
        await shell("enrol", collector.enrolment.to_text())
        code, out, _ = await shell("probe", "tcp_connect", "collector")
    assert (code, "tcp_connect collector" in out) == (0, True)


async def test_probe_of_a_scheduled_task_is_run_as_the_collector_has_set_it(
    shell: Shell, unused_tcp_port: int
) -> None:
    task = Task("tcp_connect", 60, "page", "127.0.0.1", unused_tcp_port, {"handshakes": 2})
    async with FakeCollector(config=config_of(task)) as collector:
        await shell("enrol", collector.enrolment.to_text())
        await shell("once")
        with socket.create_server(("127.0.0.1", unused_tcp_port)) as listening:
            scheduled = await shell("probe", "tcp_connect", "page")
            listening.settimeout(1)
            for _ in range(2):
                listening.accept()[0].close()
            elsewhere = await shell("probe", "tcp_connect", "page", "--set", "handshakes=99")
    assert (scheduled[0], "tcp_connect page: ok" in scheduled[1]) == (0, True)
    assert "handshakes" in elsewhere[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("probe", "nonsense"), "no probe 'nonsense'"),
        (("probe", "tcp_connect"), "needs a target"),
        (("probe", "name_lookup"), "name_lookup system --set name="),
        (("probe", "tcp_connect", "h:99999"), "port"),
        (("probe", "uptime", "--set", "x"), "NAME=VALUE"),
        (("probe", "uptime", "--set", "x=1"), "no setting 'x'"),
        (("dance",), "invalid choice"),
        (("run", "--config", "/nonexistent.toml"), "/nonexistent.toml"),
    ],
)
async def test_wrong_usage_is_explained_and_exits_with_two(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    code, out, err = await shell(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


async def test_mistake_in_agent_toml_names_file_and_key(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("[spool]\nmax_days = 0")
    code, _, err = await shell("run", "--config", str(path), lang="zh")
    assert code == 2
    assert f"{path}：spool.max_days：" in err


def test_help_teaches_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    for lang, word in (("zh", "第一次使用"), ("en", "for a start")):
        with pytest.raises(SystemExit) as caught:
            main(["--lang", lang, "--help"])
        assert caught.value.code == 0
        assert word in capsys.readouterr().out
    assert main([]) == 2
    assert "banjun-agent enrol" in capsys.readouterr().err


def test_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m agent probes --json --lang en | head -c 1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
