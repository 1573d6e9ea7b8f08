"""Who gets to see the pages, over real HTTP on loopback."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiohttp import encode_basic_auth

from collector.web import admin_key
from collector.web.admin_key import AdminKey

from .web_scene import BIG, KEY, NOW, County, no_pause, serve

RIGHT = encode_basic_auth("banjun", KEY)
WRONG = encode_basic_auth("banjun", "b" * 64)


@pytest.mark.parametrize("host", ["127.0.0.1:8421", "localhost", "LOCALHOST:80", "[::1]:8421"])
async def test_open_pages_answer_to_loopback_names(host: str) -> None:
    async with serve(County().showing()) as client, client.get("/", headers={"Host": host}) as page:
        assert page.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "[::2]:80", "", "10.0.0.7"]
)
async def test_open_pages_refuse_a_foreign_name(host: str) -> None:
    """2026-11: a page whose own name was pointed at 127.0.0.1 could otherwise read ours."""
    async with serve(County().showing()) as client, client.get("/", headers={"Host": host}) as page:
        assert page.status == 421
        assert "示例实验学校" not in await page.text()


async def test_open_pages_answer_to_a_configured_name() -> None:
    async with (
        serve(County().showing(), hosts=["Banjun.county.example"]) as client,
        client.get("/", headers={"Host": "banjun.county.example:443"}) as page,
    ):
        assert page.status == 200


@pytest.mark.parametrize("path", ["/", f"/schools/{BIG}", "/nowhere"])
async def test_closed_pages_ask_for_a_login(path: str) -> None:
    async with serve(County().showing(), open_pages=False) as client, client.get(path) as page:
        assert page.status == 401
        assert page.headers["WWW-Authenticate"].startswith("Basic ")
        assert "示例实验学校" not in await page.text()


async def test_closed_pages_open_with_the_admin_key() -> None:
    async with (
        serve(County().showing(), open_pages=False) as client,
        client.get("/", headers={"Authorization": RIGHT, "Host": "collector.county"}) as page,
    ):
        assert page.status == 200


@pytest.mark.parametrize(
    "header",
    [
        WRONG,
        encode_basic_auth("admin", KEY),
        "Basic",
        "Basic ****",
        "Basic /////w==",
        f"Bearer {KEY}",
        "Basic " + "A" * 4000,
    ],
)
async def test_closed_pages_refuse_a_wrong_login(header: str) -> None:
    async with (
        serve(County().showing(), open_pages=False) as client,
        client.get("/", headers={"Authorization": header}) as page,
    ):
        assert page.status == 401


async def test_many_wrong_logins_are_told_to_wait_and_the_right_one_still_enters() -> None:
    async with serve(County().showing(), open_pages=False) as client:
        for _ in range(10):
            async with client.get("/", headers={"Authorization": WRONG}) as page:
                assert page.status == 401
        async with client.get("/", headers={"Authorization": WRONG}) as page:
            assert page.status == 429
            assert int(page.headers["Retry-After"]) == 60
        async with client.get("/", headers={"Authorization": RIGHT}) as page:
            assert page.status == 200


async def test_wrong_key_is_held_back_for_a_while() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    key = AdminKey(KEY, lambda: NOW, pause)
    assert await key.refuse("10.0.0.9") is None
    assert pauses == [admin_key.PAUSE_SECONDS]


async def test_failures_are_counted_for_each_source() -> None:
    key = AdminKey(KEY, lambda: NOW, no_pause)
    waits = [await key.refuse("10.0.0.9") for _ in range(11)]
    assert waits[-1] == timedelta(minutes=1)
    assert await key.refuse("10.0.0.10") is None


def test_empty_admin_key_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        AdminKey(" \n")


async def test_health_and_style_need_no_login_and_tell_nothing() -> None:
    async with serve(County().showing(), open_pages=False) as client:
        async with client.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        async with client.get("/static/style.css") as answer:
            assert (answer.status, answer.content_type) == (200, "text/css")
