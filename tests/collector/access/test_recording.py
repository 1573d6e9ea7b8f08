"""Reads over HTTP and by commands, as they stand in the log afterwards."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import encode_basic_auth

from collector.access.recording import USER_HEADER
from collector.app import Collector
from collector.commands import client
from tests.collector.served import SCHOOL, serving
from tests.collector.test_commands_schools import Command


def entries(collector: Collector) -> list[dict[str, Any]]:
    """The oldest first."""
    return [dict(kept.read) for kept in reversed(collector.paperwork.access_book.reads())]


async def test_read_through_the_api_says_who_asked_for_what(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as session:
        key = (tmp_path / "admin.key").read_text()
        headers = {"Authorization": f"Bearer {key}", USER_HEADER: "cli:li"}
        path = f"/v1/incidents?school={SCHOOL.code}"
        async with session.get(url + path, headers=headers) as answer:
            assert answer.status == 200
        [found] = entries(collector)
    assert found == {
        "who": "key cli:li", "address": "127.0.0.1", "detail": "person",
        "door": "GET /v1/incidents", "school": SCHOOL.code, "agent": "", "rows": 0,
        "outcome": "shown",
    }  # fmt: skip


async def test_query_for_one_school_is_filed_under_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as session:
        key = (tmp_path / "admin.key").read_text()
        path = f"/v1/query?metric=tcp_connect.reachable&where=school:{SCHOOL.code}"
        async with session.get(url + path, headers={"Authorization": f"Bearer {key}"}) as answer:
            assert answer.status == 200
        assert [one["school"] for one in entries(collector)] == [SCHOOL.code]


async def test_name_of_a_user_is_believed_only_with_the_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as session:
        headers = {"Authorization": "Bearer wrong", USER_HEADER: "cli:li"}
        async with session.get(f"{url}/v1/incidents", headers=headers) as answer:
            assert answer.status == 401
        async with session.get(f"{url}/v1/incidents") as answer:
            assert answer.status == 401
        found = [(one["who"], one["outcome"]) for one in entries(collector)]
        assert found == [("", "refused")]


async def test_open_page_is_recorded_as_such_and_a_missing_one_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as session:
        for code in (SCHOOL.code, "0000000000"):
            async with session.get(f"{url}/schools/{code}") as answer:
                await answer.read()
        async with session.head(f"{url}/schools/{SCHOOL.code}") as answer:
            assert answer.status == 200
        found = [(one["who"], one["school"], one["outcome"]) for one in entries(collector)]
    assert found == [
        ("open", SCHOOL.code, "shown"), ("open", "0000000000", "not_found"),
        ("open", SCHOOL.code, "shown"),
    ]  # fmt: skip


async def test_many_wrong_keys_fill_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.web.admin_key.PAUSE_SECONDS", 0.0)
    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as session:
        wrong = {"Authorization": encode_basic_auth("banjun", "wrong")}
        for _ in range(14):
            async with session.get(f"{url}/attest/1", headers=wrong) as answer:
                await answer.read()
        assert [one["outcome"] for one in entries(collector)] == ["refused"] * 10


async def test_what_cannot_be_recorded_is_not_shown(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, url), aiohttp.ClientSession() as session:
        with closing(sqlite3.connect(tmp_path / "register.sqlite3")) as database, database:
            database.execute("ALTER TABLE access RENAME TO gone")
        async with session.get(f"{url}/schools/{SCHOOL.code}") as answer:
            assert answer.status == 503
            text = await answer.text()
            assert SCHOOL.name not in text
            assert "The access log cannot be written" in text
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 200


async def test_log_outlives_the_collector(tmp_path: Path) -> None:
    for _ in range(2):
        async with (
            serving(tmp_path) as (_, url),
            aiohttp.ClientSession() as session,
            session.get(f"{url}/attest") as answer,
        ):
            assert answer.status == 200
    async with serving(tmp_path) as (collector, _):
        assert [one["door"] for one in entries(collector)] == ["GET /attest"] * 2


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path, capsys)
    county = Path(client.__file__).parents[2] / "config" / "examples" / "county.csv"
    assert command("schools", "import", str(county)) == 0
    return command


def test_commands_that_read_the_register_are_recorded(run: Command) -> None:
    assert run("incidents") == 0
    assert run("token", "list") == 0
    assert run("access", "--json") == 0
    found = [(one["door"], one["rows"], one["who"][:4]) for one in json.loads(run.out)]
    assert found == [("token list", 0, "cli:"), ("incidents", 0, "cli:")]


def test_log_is_shown_as_a_table_and_that_it_was_read_is_in_it(run: Command) -> None:
    run("access", lang="zh")
    assert run("access", lang="zh") == 0
    head, line = run.out.splitlines()
    assert head.split() == ["时间", "谁", "地址", "内容", "入口", "学校", "机器", "条数", "结果"]
    assert "人员" in line
    assert "已显示" in line


def test_verify_is_quiet_about_good_days_and_fails_on_bad_ones(run: Command) -> None:
    run("incidents")
    assert run("access", "verify") == 0
    assert "whole" in run.out
    with closing(sqlite3.connect(run.data_dir / "register.sqlite3")) as database, database:
        database.execute(
            "INSERT INTO access_seal VALUES (1, 'sealed', '2026-01-02', 5, NULL, NULL, 'x', "
            "'2026-01-03T00:00:00+00:00', 'x')"
        )
    assert run("access", "verify") == 1
    assert "2026-01-02" in run.err
