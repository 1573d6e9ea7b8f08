from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.register.register import Register
from config.enrolment import Enrolment
from probes.wire import EnrolRequest

from .test_commands_schools import EXAMPLE, Command

URL = "http://127.0.0.1:8470"
SCHOOL = "9934000001"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    return command


def enrol(data_dir: Path, string: str) -> str:
    """The role that the collector gives to whoever has this string."""
    register = Register.open(data_dir / "register.sqlite3")
    request = EnrolRequest(v=1, token=Enrolment.parse(string).token, nonce="nonce-0001")
    reply = register.enrol(request, "127.0.0.1")
    register.close()
    return reply.role


@pytest.mark.parametrize("role", ["pc", "sentinel"])
def test_created_string_is_alone_on_stdout_and_enrols(run: Command, role: str) -> None:
    assert run("token", "create", SCHOOL, "--url", URL, "--role", role, lang="zh") == 0
    (string,) = run.out.splitlines()
    assert Enrolment.parse(string).url == URL
    assert "示例实验学校" in run.err
    assert string not in run.err
    assert enrol(run.data_dir, string) == role


@pytest.mark.parametrize(
    ("serving", "url"),
    [
        ({"url": URL}, URL),
        ({"url": "https://[::]:1", "public_url": "https://c.example/"}, "https://c.example"),
    ],
)
def test_string_carries_the_address_of_the_running_collector(
    run: Command, serving: dict[str, str], url: str
) -> None:
    (run.data_dir / "serving.json").write_text(json.dumps(serving))
    run("token", "create", SCHOOL, "--json")
    made = json.loads(run.out)
    assert made["url"] == Enrolment.parse(made["enrolment"]).url == url


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([SCHOOL], "--url"),
        (["9900000000", "--url", URL], "no school '9900000000'"),
        ([SCHOOL, "--url", URL, "--expires", "91d"], "at most 90 days"),
        ([SCHOOL, "--url", URL, "--uses", "0"], "1 to 10000"),
        ([SCHOOL, "--url", URL, "--expires", "soon"], "24h"),
        ([SCHOOL, "--url", "collector"], "not usable"),
    ],
)
def test_token_that_cannot_be_is_refused_with_the_reason(
    run: Command, arguments: list[str], words: str
) -> None:
    assert run("token", "create", *arguments) == 2
    assert words in run.err
    run("token", "list", "--json")
    assert json.loads(run.out) == []


def test_list_shows_state_and_no_secret(run: Command) -> None:
    run("token", "create", SCHOOL, "--url", URL, "--note", "机房一")
    string = run.out.strip()
    enrol(run.data_dir, string)
    run("token", "list", lang="zh")
    assert "机房一" in run.out
    assert "已用完" in run.out
    assert Enrolment.parse(string).secret not in run.out


def test_revoked_token_is_listed_as_such(run: Command) -> None:
    run("token", "create", SCHOOL, "--url", URL, "--json")
    token = json.loads(run.out)["id"]
    assert run("token", "revoke", token) == 0
    run("token", "list", "--json")
    assert [row["state"] for row in json.loads(run.out)] == ["revoked"]


def test_revoked_agent_is_revoked_in_the_register(run: Command) -> None:
    run("token", "create", SCHOOL, "--url", URL)
    enrol(run.data_dir, run.out.strip())
    register = Register.open(run.data_dir / "register.sqlite3")
    (agent,) = register.agents()
    assert run("agents", "revoke", agent.id) == 0
    (agent,) = register.agents()
    register.close()
    assert agent.revoked
