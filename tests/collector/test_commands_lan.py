"""`banjun-collector lan`: list, check, show, template."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.commands import lan_template
from collector.lan.site_file import read_site
from collector.register.register import Register
from probes.model import Role
from probes.wire import EnrolRequest
from tests.collector.lan.scene import KEYS, SCHOOL, SECRETS, WHOLE, write, write_keys
from tests.collector.test_commands_schools import EXAMPLE, Command

ROOMS = EXAMPLE.with_name("rooms.csv")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "collector", capsys)
    command("schools", "import", str(EXAMPLE))
    return command


def enrol(data_dir: Path, role: Role) -> None:
    register = Register.open(data_dir / "register.sqlite3")
    token = register.create_token(SCHOOL, role, actor="me")
    register.enrol(EnrolRequest(1, f"{token.id}.{token.secret}", "nonce-000001"), "10.1.0.9")
    register.close()


def describe(data_dir: Path) -> None:
    write_keys(data_dir)
    write(data_dir, WHOLE)


def test_description_with_a_sentinel_to_send_is_in_order(run: Command) -> None:
    describe(run.data_dir)
    enrol(run.data_dir, Role.SENTINEL)
    assert run("lan", "check") == 0
    assert run.err.splitlines() == ["Of use: 1 school(s), 3 credential(s); to mend: 0."]


def test_what_would_come_to_nothing_is_said(run: Command) -> None:
    write_keys(run.data_dir, KEYS + '[[credential]]\nid = "old"\nversion = "2c"\ncommunity = "x"\n')
    write(run.data_dir, WHOLE.replace("主线", "旧线"))
    write(run.data_dir, 'networks = ["10.9.0.0/16"]', "9934000099")
    write(run.data_dir, "networks = 1", "9934000002")
    enrol(run.data_dir, Role.PC)
    assert run("lan", "check") == 1
    said = run.err.splitlines()
    assert said[0].startswith("lan/9934000002.toml: networks: 1 should be a list, such as [")
    assert said[1].startswith(f"lan/{SCHOOL}.toml: No agent of the role gateway or sentinel")
    assert said[2].startswith(f"lan/{SCHOOL}.toml: uplink.link '旧线' is no line of this school")
    assert said[3].startswith("lan/9934000099.toml: The register has no school 9934000099")
    assert said[4] == "Of use: 2 school(s), 4 credential(s); to mend: 4."


def test_secret_is_called_unused_only_when_every_school_could_be_read(run: Command) -> None:
    write_keys(run.data_dir, KEYS + '[[credential]]\nid = "old"\nversion = "2c"\ncommunity = "x"\n')
    broken = write(run.data_dir, WHOLE.replace('"ups"\nhost', '"ups"\ncolour = "red"\nhost'))
    enrol(run.data_dir, Role.SENTINEL)
    assert run("lan", "check") == 1
    assert "colour" in run.err
    assert "No school uses" not in run.err
    broken.write_text(WHOLE, "utf-8")
    assert run("lan", "check") == 1
    assert "No school uses the credential 'old'" in run.err
    assert run.err.count("No school uses") == 1


def test_room_that_is_not_registered_is_said_where_rooms_are(run: Command) -> None:
    describe(run.data_dir)
    enrol(run.data_dir, Role.SENTINEL)
    assert run("rooms", "import", str(ROOMS)) == 0
    assert run("lan", "check") == 1
    said = run.err.splitlines()
    assert said[0].startswith(
        f"lan/{SCHOOL}.toml: The room '机房' of '核心' is not registered; registered: A101,"
    )
    assert "'101' of '101'" in said[1]
    write(run.data_dir, WHOLE.replace('"机房"', '"J101"').replace('room = "101"', 'room = "A101"'))
    assert run("lan", "check") == 0


def test_county_that_described_nothing_is_told_how_to_begin(run: Command) -> None:
    assert run("lan", "check") == 0
    assert "sentinels send nothing" in run.err
    assert "lan template" in run.err


def test_list_counts_and_says_mistakes(run: Command) -> None:
    describe(run.data_dir)
    assert run("lan", "list", "--json") == 0
    assert json.loads(run.out) == [
        {"school": SCHOOL, "name": "示例实验学校", "networks": 2, "sweep": 1, "devices": 2,
         "projectors": 1}
    ]  # fmt: skip
    write(run.data_dir, "", "9934000002")
    assert run("lan", "list", lang="zh") == 1
    assert "示例实验学校" in run.out
    assert "lan/9934000002.toml: networks：缺少这个键。" in run.err


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_show_says_everything_but_the_secrets(run: Command, lang: str) -> None:
    describe(run.data_dir)
    assert run("lan", "show", SCHOOL, lang=lang) == 0
    for word in ("10.1.0.0/16", "核心", "10.1.0.2:161", "switches", "00:11:22:aa:bb:cc", "***"):
        assert word in run.out
    shown = run.out
    assert run("lan", "show", SCHOOL, "--json", lang=lang) == 0
    found = json.loads(run.out)
    assert found["devices"][0]["credential"] == {
        "id": "core",
        "kind": {"zh": "SNMP v3，SHA-256、AES-128", "en": "SNMP v3, SHA-256 and AES-128"},
        "secret": "***",
    }
    assert found["uplink"] == {"device": "核心", "interface": "GE0/0/24", "link": "主线"}
    assert not [secret for secret in SECRETS if secret in shown + run.out + run.err]


def test_looking_is_noted_in_the_access_log(run: Command) -> None:
    describe(run.data_dir)
    run("lan", "show", SCHOOL)
    run("access", "--json")
    assert json.loads(run.out)[0]["door"] == "lan show"


def test_school_without_a_description_is_told_how_to_begin(run: Command) -> None:
    assert run("lan", "show", SCHOOL) == 2
    assert f"begin with lan template {SCHOOL}" in run.err
    write(run.data_dir, "networks = []")
    assert run("lan", "show", SCHOOL) == 2
    assert "name at least one" in run.err


def test_no_command_quotes_a_secret_when_the_file_is_broken(run: Command) -> None:
    describe(run.data_dir)
    write_keys(run.data_dir, KEYS.replace('"c0ffee-read-only"', "c0ffee-read-only"))
    for words in (("lan", "check"), ("lan", "list"), ("lan", "show", SCHOOL), ("check",)):
        run(*words)
        assert "c0ffee" not in run.out + run.err
    assert run("lan", "check", lang="zh") == 1
    assert "credentials.toml 第 5 行不是有效的 TOML" in run.err


def test_template_of_a_school_has_its_lines_and_no_guesses_while_no_collector_runs(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.catalog.discover", lambda: lan_template.COLUMNS)
    assert run("lan", "template", SCHOOL, lang="zh") == 0
    assert "采集器没有运行" in run.err
    assert 'link = "主线"' in run.out
    assert tomllib.loads(run.out) == {"networks": []}
    assert run("lan", "template", "9934000099") == 2
    assert "9934000099" in run.err


SEEN: Mapping[str, list[dict[str, Any]]] = {
    "gateway_mac.seen": [
        {"agent": "a", "address": "10.1.0.9", "mac": "66:66:66:66:66:66"},
        {"agent": "b", "address": "10.1.0.1", "mac": "00:11:22:33:44:55"},
        {"agent": "c", "address": "10.1.0.1", "mac": "00:11:22:33:44:55"},
        {"agent": "c", "address": "fe80::1", "mac": "00:11:22:33:44:55"},
        {"agent": "d", "address": '10.1.0.1"\n[[device]]', "mac": "x"},
    ],
    "dhcp_lease.seen": [
        {"agent": "a", "server": "10.1.0.1", "resolvers": "10.1.0.1 114.114.114.114"},
        {"agent": "b", "server": "", "resolvers": "10.1.0.1"},
    ],
    "own_addresses.seen": [
        {"agent": "a", "address": "10.1.7.20"},
        {"agent": "b", "address": "10.1.8.21"},
        {"agent": "c", "address": "10.1.8.22"},
        {"agent": "c", "address": "127.0.0.1"},
        {"agent": "c", "address": "fe80::2"},
        {"agent": "d", "address": "1.2.4.8"},
    ],
}


def test_template_has_what_agents_see_as_comments_to_confirm(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.catalog.discover", lambda: lan_template.COLUMNS)
    monkeypatch.setattr(lan_template, "ask", lambda _, __, given: SEEN[given["metric"]])
    assert run("lan", "template", SCHOOL) == 0
    assert run.err == ""
    networks = ["10.1.8.0/24", "10.1.7.0/24"]
    assert tomllib.loads(run.out) == {"networks": networks}
    assert '# gateway = { address = "10.1.0.1", mac = "00:11:22:33:44:55" }\n# gateway =' in run.out
    assert '# dhcp_servers = ["10.1.0.1"]' in run.out
    assert '# resolvers = ["10.1.0.1", "114.114.114.114"]' in run.out
    assert "[[device]]\n" not in run.out.replace("# [[device]]\n", "")


def test_template_with_its_comments_taken_away_is_a_description(run: Command) -> None:
    run("lan", "template", SCHOOL)
    lines = run.out.replace("networks = []", 'networks = ["10.1.0.0/16"]').splitlines()
    keys = [line.removeprefix("# ") for line in lines if " = " in line or "[[" in line]
    whole = "\n".join(key for key in keys if key.isascii() or "link" in key)
    site = read_site(write(run.data_dir, whole))
    assert [device.name for device in site.devices] == ["core"]
    assert site.uplink is not None
    assert site.gateway is not None
    assert (len(site.projectors), len(site.sweep)) == (1, 1)


def test_everything_is_checked_with_the_rest(run: Command) -> None:
    describe(run.data_dir)
    assert run("check") == 0
    assert "1 schools, 3 credentials" in run.out
    write(run.data_dir, "", at=2)
    assert run("check", lang="zh") == 1
    assert "缺少这个键" in run.out
