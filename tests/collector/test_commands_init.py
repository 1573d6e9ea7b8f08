from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.enrolment import Enrolment

from .test_commands_schools import EXAMPLE, Command

URL = "https://banjun.example.edu.cn:8421"
SCHOOL = "9934000001"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "collector", capsys)


def facts(run: Command, *arguments: str) -> dict[str, object]:
    assert run("init", "--json", *arguments) == 0
    return dict(json.loads(run.out))


def test_init_shows_what_it_made_and_what_comes_next(run: Command) -> None:
    assert run("init", "--name", "banjun.example.edu.cn", lang="zh") == 0
    assert "已建立" in run.err
    assert "0.0.0.0" in run.err
    assert "banjun.example.edu.cn" in run.out
    assert (run.data_dir / "tls" / "authority.pem").exists()


def test_init_without_names_takes_those_of_this_machine(run: Command) -> None:
    names = facts(run)["names"]
    assert isinstance(names, list)
    assert "127.0.0.1" in names


def test_init_again_changes_nothing_and_says_until_when(run: Command) -> None:
    before = facts(run, "--name", "a.cn")
    assert run("init", "--name", "b.cn") == 0
    assert "nothing changed" in run.err
    assert "--renew" in run.err
    assert str(before["until"])[:4] in run.out
    assert facts(run) == before


def test_renew_keeps_the_pin_and_new_authority_does_not(run: Command) -> None:
    first = facts(run, "--name", "a.cn")
    renewed = facts(run, "--renew", "--name", "b.cn")
    assert renewed["pin"] == first["pin"]
    assert renewed["names"] != first["names"]
    other = facts(run, "--new-authority")
    assert other["pin"] != first["pin"]
    assert other["names"] == renewed["names"]


def test_init_refuses_a_name_that_is_none(run: Command) -> None:
    assert run("init", "--name", "https://a.cn") == 2
    assert "without a port" in run.err
    assert not (run.data_dir / "tls").exists()


def test_serve_beyond_loopback_says_to_run_init(run: Command) -> None:
    for lang in ("zh", "en"):
        assert run("serve", "--host", "0.0.0.0", lang=lang) == 2
        assert "banjun-collector init" in run.err


def test_string_carries_the_pin_of_our_authority(run: Command) -> None:
    run("schools", "import", str(EXAMPLE))
    pin = facts(run, "--name", "banjun.example.edu.cn")["pin"]
    run("token", "create", SCHOOL, "--url", URL, "--json")
    made = json.loads(run.out)
    assert made["pin"] == Enrolment.parse(made["enrolment"]).pin == pin


def test_string_carries_the_pin_of_the_authority_that_is_there_now(run: Command) -> None:
    run("schools", "import", str(EXAMPLE))
    old = facts(run)["pin"]
    (run.data_dir / "serving.json").write_text(json.dumps({"url": URL, "pin": old}))
    new = facts(run, "--new-authority")["pin"]
    run("token", "create", SCHOOL, "--json")
    assert json.loads(run.out)["pin"] == new


@pytest.mark.parametrize(
    ("serving", "url"),
    [
        pytest.param({"url": "http://127.0.0.1:1", "pin": ""}, "http://127.0.0.1:1", id="plain"),
        pytest.param({"url": "https://[::]:1", "pin": ""}, URL, id="certificate given"),
    ],
)
def test_string_has_no_pin_where_another_authority_serves_or_none(
    run: Command, serving: dict[str, str], url: str
) -> None:
    run("schools", "import", str(EXAMPLE))
    facts(run)
    (run.data_dir / "serving.json").write_text(json.dumps(serving))
    run("token", "create", SCHOOL, "--url", url, "--json")
    made = json.loads(run.out)
    assert made["pin"] is None
    assert Enrolment.parse(made["enrolment"]).pin == ""


def test_collector_without_certificates_does_not_load_the_library_for_them() -> None:
    code = "import sys, collector.app; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
