from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.logs.sealing import Sealing
from config.log_file import load_log_policy
from tests.collector.logs.scene import LogScene
from tests.collector.test_commands_schools import EXAMPLE, Command

SCHOOL = "9934000001"
DAY = timedelta(days=1)
POLICY = load_log_policy()
TODAY = POLICY.today(datetime.now(UTC))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    return command


def add(run: Command, name: str = "gateway", address: str = "192.0.2.1") -> int:
    return run("logs", "sources", "add", name, "--school", SCHOOL, "--address", address)


def fill(run: Command, *days_ago: int) -> None:
    """Lines of these days, sealed."""
    scene = LogScene(run.data_dir)
    for ago in days_ago:
        scene.receive("gateway", TODAY - ago * DAY)
    Sealing(scene.book, scene.folder, POLICY, patience=0).seal(datetime.now(UTC) + DAY / 24)
    scene.database.close()


def test_without_a_source_it_says_how_to_begin(run: Command) -> None:
    assert run("logs") == 0
    assert "logs config" in run.err


def test_sources_with_gaps_state_and_forecast_are_listed(run: Command) -> None:
    assert add(run) == 0
    fill(run, 6, 5, 3, 2)
    assert run("logs") == 0
    (row,) = [line for line in run.out.splitlines() if line.startswith("gateway")]
    forecast = TODAY + 180 * DAY
    assert row.split()[2:] == [str(TODAY - 6 * DAY), "4", "0", "2", "has", "gaps", str(forecast),
                               *row.split()[-2:]]  # fmt: skip
    assert run.out.splitlines()[-1].startswith("anchor 4:")
    run("logs", "--json")
    answer = json.loads(run.out)
    assert answer["required_days"] == 180
    assert answer["sources"][0]["state"] == "gaps"
    assert answer["anchor"].startswith("4:")


def test_gaps_of_a_source_come_with_cause_and_clause(run: Command) -> None:
    add(run)
    fill(run, 4, 1)
    assert run("logs", "gaps", "gateway", lang="zh") == 0
    line = f"{TODAY - 3 * DAY}  {TODAY - 2 * DAY}  2   没有日志"
    assert line in run.out
    assert (
        "需要连续 180 天（中华人民共和国网络安全法 第二十三条第（三）项 [由条文顺延推得" in run.err
    )
    assert run("logs", "gaps", "nobody") == 2
    assert "logs sources list" in run.err


def test_verify_names_what_was_tampered_with_and_fails(run: Command) -> None:
    add(run)
    fill(run, 3, 2, 1)
    assert run("logs", "verify") == 0
    run("logs", "--json")
    anchor = json.loads(run.out)["anchor"]
    assert run("logs", "verify", "--anchor", anchor[:20]) == 0
    path = run.data_dir / "logs" / "sealed" / "gateway" / f"{TODAY - 2 * DAY}.log.gz"
    os.truncate(path, 20)
    assert run("logs", "verify", "--anchor", f"3:{'0' * 64}", lang="zh") == 1
    assert f"文件被截短，或删去了内容 gateway/{path.name} 2" in " ".join(run.out.split())
    assert "链里没有这个锚值" in run.out
    assert run("logs", "verify", "--json") == 1
    assert [row["fault"] for row in json.loads(run.out)["findings"]] == ["truncated"]
    run("logs", "gaps", "gateway")
    assert "what was sealed was altered or is gone" in run.out


def test_source_may_be_given_again_and_be_removed(run: Command) -> None:
    add(run)
    assert add(run, address="192.0.2.7") == 0
    assert run("logs", "sources", "list", "--json") == 0
    (source,) = json.loads(run.out)["sources"]
    assert source["addresses"] == ["192.0.2.7"]
    assert run("logs", "sources", "remove", "gateway") == 0
    assert run("logs", "sources", "remove", "gateway") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Gate", "--address", "192.0.2.1"], "small letters"),
        (["../x", "--address", "192.0.2.1"], "small letters"),
        (["gate", "--address", "example.org"], "no IP address"),
        (["gate", "--address", "192.0.2.1", "--school", "9934009999"], "no school"),
        (["gate", "--address", "192.0.2.1", "--silent-days", "0"], "should be 1 to 60"),
        (["gate", "--address", "192.0.2.1", "--silent-days", "400"], "should be 1 to 60"),
        (["gate", "--address", "192.0.2.9"], "belongs to the source 'other'"),
    ],
)
def test_source_that_cannot_be_says_why(run: Command, arguments: list[str], words: str) -> None:
    add(run, "other", "192.0.2.9")
    assert run("logs", "sources", "add", *arguments) == 2
    assert words in run.err


def test_strangers_are_named(run: Command) -> None:
    folder = run.data_dir / "logs" / "incoming" / "_unregistered"
    folder.mkdir(parents=True)
    line = "2026-03-01T08:00:00+08:00 198.51.100.7 <14>hello\n"
    (folder / f"{TODAY}.log").write_text(line * 3)
    run("logs", "sources", "list")
    assert "These send and are not registered: 198.51.100.7." in run.err


def test_configuration_names_its_folders_and_ports(run: Command) -> None:
    assert run("logs", "config", "--port", "5140", "--listen", "127.0.0.1") == 0
    assert f'file="{run.data_dir}/logs/sources.json"' in run.out
    assert 'input(type="imudp" address="127.0.0.1" port="5140" ruleset="banjun")' in run.out
    assert "banjun-logs" in run.err
    assert (run.data_dir / "logs" / "sources.json").exists()
    assert run("logs", "config", "--unit") == 0
    assert "Environment=TZ=Asia/Shanghai" in run.out
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in run.out
    assert run("logs", "config", "--unit", "--port", "5140") == 0
    assert "CAP_NET_BIND_SERVICE" not in run.out


def test_tls_without_a_certificate_says_what_to_run(run: Command) -> None:
    assert run("logs", "config", "--tls-port", "6514") == 2
    assert "banjun-collector init" in run.err


@pytest.mark.root
def test_other_user_than_the_collector_s_is_told_so(run: Command) -> None:
    os.chown(run.data_dir, 65534, -1)
    assert run("logs", "config") == 2
    assert "sudo -u nobody" in run.err
