from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from probes.__main__ import main
from probes.by_hand import parse_target, run_once
from probes.catalog import discover
from probes.instruments.uptime import Uptime
from probes.model import LOCAL, NoSettings, ProbeError, SettingError, Target


@pytest.fixture
def port() -> int:
    """On which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_list_names_probes_and_metrics_in_the_readers_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list", "--lang", "zh"]) == 0
    output = capsys.readouterr().out
    assert "接口流量" in output
    assert "received_bits_per_second" in output


def test_list_as_json_has_every_probe(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "--json"])
    listed: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [probe["name"] for probe in listed] == list(discover())
    assert listed[0]["metrics"][0].keys() == {"name", "unit", "better", "title"}


def test_run_prints_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "uptime", "--lang", "en"]) == 0
    assert "uptime_seconds" in capsys.readouterr().out


def test_run_as_json_is_rounded_as_stored(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "uptime", "--json"])
    (record,) = json.loads(capsys.readouterr().out)
    assert record["probe"] == "uptime"
    assert record["values"]["uptime_seconds"] % 1 == 0


def test_target_that_failed_is_exit_code_1(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "tcp_connect", f"127.0.0.1:{port}", "--lang", "zh"]) == 1
    assert "拒绝" in capsys.readouterr().out


def test_nothing_learned_is_exit_code_2_and_a_not_run_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "tcp_connect", "[]:80", "--json", "--lang", "en"]) == 2
    captured = capsys.readouterr()
    (record,) = json.loads(captured.out)
    assert (record["outcome"], record["reason"]) == ("not_run", "unresolved")
    assert "did not resolve" in captured.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "plums"], "plums"),
        (["run", "tcp_connect"], "needs a target"),
        (["run", "tcp_connect", "host:99999"], "99999"),
        (["run", "uptime", "--set", "speed=3"], "speed"),
        (["run", "icmp_echo", "127.0.0.1", "--set", "count=99"], "outside 1 to 20"),
        (["run", "icmp_echo", "127.0.0.1", "--set", "count=many"], "many"),
        (["run", "icmp_echo", "127.0.0.1", "--set", "count"], "wrong type"),
        (["run", "interface_rate", "--set", "include_loopback=maybe"], "maybe"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_mistake_is_explained_without_a_traceback(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--lang", "en"]) == 2
    assert complaint in capsys.readouterr().err


def test_settings_are_taken_in_their_types(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--set", f"port={port}", "--set", "timeout=0.5", "--set", "handshakes=1"]
    assert main(["run", "tcp_connect", "127.0.0.1", *words, "--json"]) == 1
    (record,) = json.loads(capsys.readouterr().out)
    assert record["reason"] == "refused"


def test_docs_are_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main(["docs", "--check", *folder]) == 2
    assert "uptime.md" in capsys.readouterr().err
    assert main(["docs", *folder]) == 0
    assert main(["docs", "--check", *folder]) == 0


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("host", Target("host", "host")),
        ("host:80", Target("host:80", "host", 80)),
        ("10.0.0.1:80", Target("10.0.0.1:80", "10.0.0.1", 80)),
        ("fd00::1", Target("fd00::1", "fd00::1")),
        ("[fd00::1]:80", Target("[fd00::1]:80", "fd00::1", 80)),
        ("[fd00::1]", Target("[fd00::1]", "fd00::1")),
        ("host:", Target("host:", "host")),
    ],
)
def test_target_is_understood(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["host:0", "host:65536", "host:http", "host:٣", "[::1]:x"])
def test_port_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        parse_target(text)


async def test_probe_that_does_not_come_back_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Uptime, "deadline_seconds", 0.01)
    monkeypatch.setattr(Uptime, "measure", never)
    with pytest.raises(ProbeError) as caught:
        await run_once(Uptime, NoSettings(), LOCAL)
    assert caught.value.reason == "deadline"
