"""Incidents as people and programs get them: pages, admin API and command line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from collector.alert.scene import read_alert_policy
from collector.judge.standing import SITE_SILENT
from collector.register.incident import COLLECTOR, Incident, Part
from collector.register.model import State
from collector.register.register import Register
from config.threshold_file import load_thresholds
from probes.catalog import discover
from tests.collector.alert.desk import Desk, contact
from tests.lab.daemon import free_port

from .test_admin import get
from .test_commands_schools import Command
from .test_web_pages import EN, page
from .web_scene import BIG, NOW, POOR, County

SINCE = NOW - timedelta(minutes=12)
CUT = Part(
    watched=contact(BIG), state=State.UNKNOWN, since=SINCE, at=SINCE, over_at=None, value=None,
    unit="boolean", bound=None, reason=SITE_SILENT,
)  # fmt: skip
OPEN = Incident(
    id=7, school=BIG, cause="line", severity=State.UNKNOWN, since=SINCE, opened_at=SINCE, flips=1,
    parts=(CUT,),
)  # fmt: skip
OVER = replace(OPEN, id=6, closed_at=NOW - timedelta(minutes=60))
TAKEN = replace(OPEN, id=5, school=POOR, acknowledged_at=NOW, acknowledged_by="cli:li", note="报修")
OURS = replace(OPEN, id=8, school="", cause=COLLECTOR)


def shown() -> County:
    return County(incidents=[OURS, OPEN, TAKEN, OVER])


async def test_county_page_lists_open_incidents_and_who_is_on_them() -> None:
    text = (await page(shown())).text
    assert "未结束的事件 3" in text
    assert "? 失联 许多学校同时没有消息 起于 2026-11-23 14:18 · 事件 8 尚无人确认 怎么办" in text
    assert "? 失联 示例实验学校 出口线路 起于 2026-11-23 14:18 · 事件 7 · 全校没有消息" in text
    assert "已确认：cli:li，报修" in text
    assert "事件 6" not in text


async def test_school_page_lists_its_own_incidents_only() -> None:
    text = (await page(shown(), f"/schools/{BIG}", EN)).text
    assert "? silent The line out since 2026-11-23 14:18 · incident 7" in text
    assert "incident 5" not in text
    assert "incident 8" not in text


async def test_page_without_incidents_has_no_empty_list() -> None:
    assert "未结束的事件" not in (await page(County())).text


async def test_runbook_page_says_what_to_do_first() -> None:
    text = (await page(County(), "/runbook/site_contact")).text
    assert "先做这三件事" in text
    assert "给学校打电话" in text
    assert "Call the school" in (await page(County(), "/runbook/site_contact", EN)).text


async def test_list_of_the_runbook_leads_to_every_page() -> None:
    links = {given.get("href") for _, given in (await page(County(), "/runbook/")).tags}
    alerts = read_alert_policy(load_thresholds(discover()).rows).runbook
    assert links >= {f"/runbook/{alert}" for alert in alerts}


async def test_runbook_page_that_is_not_there_is_not_found() -> None:
    assert "没有这个页面" in (await page(County(), "/runbook/weather", status=404)).text


async def test_incidents_are_answered_as_data_and_can_be_narrowed() -> None:
    rows = await get(shown(), "/v1/incidents")
    assert [row["incident"] for row in rows] == [8, 7, 5, 6]
    first = rows[1]
    assert (first["school_name"], first["severity"], first["open"]) == (
        "示例实验学校", "unknown", True,
    )  # fmt: skip
    assert first["parts"][0]["reason"]["zh"].startswith("全校没有消息")
    assert len(await get(shown(), "/v1/incidents", {"open": "1"})) == 3
    assert len(await get(shown(), "/v1/incidents", {"school": BIG})) == 2


@pytest.mark.parametrize(("given", "named"), [({"open": "yes"}, "open"), ({"shool": BIG}, "shool")])
async def test_wrong_question_about_incidents_is_named(given: dict[str, str], named: str) -> None:
    problem = await get(shown(), "/v1/incidents", given, 400)
    assert named in problem["error"]


# The command line


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """A data directory with one open incident and one that is over."""
    command = Command(tmp_path, capsys)
    tmp_path.chmod(0o700)
    desk = Desk(tmp_path)
    desk.cut(desk.codes[0])
    desk.minutes(4)
    desk.mend(desk.codes[0])
    desk.minutes(10)
    desk.cut(desk.codes[1])
    desk.minutes(4)
    desk.register.close()
    return command


def test_incidents_are_listed_with_their_messages(run: Command) -> None:
    assert run("incidents", "--open", lang="zh") == 0
    (_, line) = run.out.splitlines()
    assert line.startswith("2 ")
    assert "示范学校02" in line
    assert "失联" in line
    assert "mail ✓" in line
    run("incidents", "--json")
    first, second = json.loads(run.out)
    assert (first["open"], second["open"]) == (True, False)
    assert [d["kind"] for d in second["deliveries"]] == ["opened", "closed"]
    assert "secret" not in run.out


def test_acknowledged_incident_says_by_whom(run: Command) -> None:
    assert run("incidents", "ack", "2", "--note", "carrier called") == 0
    assert "carrier called" in run.err
    run("incidents", "--open")
    assert "carrier called" in run.out
    register = Register.open(run.data_dir / "register.sqlite3")
    assert register.audit_entries(1)[0].action == "incident.ack"
    register.close()
    assert run("incidents", "ack", "2", "--note", "again") == 2
    assert "was acknowledged by" in run.err
    assert run("incidents", "ack", "77", "--note", "?") == 2


def test_channels_are_listed_without_their_addresses(run: Command) -> None:
    _channels(run, "json://127.0.0.1:1/secret-path")
    assert run("alert", "channels", lang="zh") == 0
    assert "hook" in run.out
    assert "网络钩子" in run.out
    assert "secret" not in run.out + run.err


def test_test_message_says_that_it_was_taken(run: Command) -> None:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.handle_request, daemon=True)
    thread.start()
    _channels(run, f"json://127.0.0.1:{server.server_address[1]}/secret-path")
    assert run("alert", "test", "hook") == 0
    thread.join(5)
    server.server_close()
    assert "hook (webhook, unencrypted) has taken the test message" in run.err
    assert "test message" in json.loads(got[0])["title"]


def test_test_message_that_nobody_took_says_why(run: Command) -> None:
    _channels(run, f"json://127.0.0.1:{free_port()}/secret-path")
    assert run("alert", "test", "hook") == 1
    assert "not delivered. no answer" in run.err
    assert run("alert", "test", "pager") == 2
    assert "there are: hook" in run.err
    assert "secret" not in run.err


def _channels(run: Command, url: str) -> None:
    path = run.data_dir / "channels.toml"
    path.write_text(f'[[channel]]\nid = "hook"\nurl = "{url}"\n')
    path.chmod(0o600)
