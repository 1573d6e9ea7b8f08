"""Signing on the pages of a real collector, as a browser does it, and as somebody who means ill."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import encode_basic_auth

from collector.app import Collector
from tests.collector.served import SCHOOL, serving

from .office import LI, PDF, WANG, own_policies, put_empty_register

HELD = f"/schools/{SCHOOL.code}/attest/test.drill/held"
PLAN = f"/schools/{SCHOOL.code}/attest/test.drill/plan"


class Browser:
    """Knows the admin key, reads forms and posts them."""

    def __init__(self, collector: Collector, url: str, session: aiohttp.ClientSession) -> None:
        self.collector = collector
        self.clerk = collector.paperwork.clerk
        self._url = url
        self._session = session
        key = (collector._data_dir / "admin.key").read_text()
        self.login = {"Authorization": encode_basic_auth("banjun", key)}

    async def get(self, path: str, login: bool = True) -> tuple[int, str]:
        headers = self.login if login else {}
        async with self._session.get(self._url + path, headers=headers) as answer:
            return answer.status, await answer.text(errors="replace")

    async def token(self, path: str, form: str = "") -> str:
        """Of the form that posts to `form` on the page `path`."""
        _, text = await self.get(path)
        action = re.escape(form or path)
        found = re.search(rf'action="{action}[^"]*">\s*<input[^>]*value="(\w+)"', text)
        assert found, text
        return found[1]

    async def post(
        self, path: str, fields: dict[str, Any], *, headers: dict[str, str] | None = None,
        document: bytes | None = None, name: str = "演练.pdf",
    ) -> tuple[int, str]:  # fmt: skip
        form = aiohttp.FormData(quote_fields=False)
        for field, value in fields.items():
            form.add_field(field, value)
        if document is not None:
            file = io.BytesIO(document)
            form.add_field("file", file, filename=name, content_type="application/pdf")
        if not form.is_multipart:
            form.add_field("file", b"", filename="", content_type="application/octet-stream")
        given = self.login if headers is None else headers
        async with self._session.post(
            self._url + path, data=form, headers=given, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def sign(self, path: str = PLAN, **more: Any) -> tuple[int, str]:
        document, name = more.pop("document", None), more.pop("name", "演练.pdf")
        token = await self.token(path)
        fields = {"token": token, "says": "fulfilled", "person": LI, **more}
        return await self.post(path, fields, document=document, name=name)


@asynccontextmanager
async def browsing(folder: Path, **settings: Any) -> AsyncIterator[Browser]:
    own_policies(folder)
    put_empty_register(folder)
    async with serving(folder, **settings) as (collector, url), aiohttp.ClientSession() as session:
        yield Browser(collector, url, session)


async def test_school_page_says_what_is_owed_by_whom(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        status, text = await browser.get(f"/schools/{SCHOOL.code}/attest", login=False)
        assert status == 200
        assert "演练记录" in text
        assert "校长" in text
        assert "须第二人确认" in text
        assert "签署要登录" in text
        _, county = await browser.get("/attest?lang=en", login=False)
        assert "What is to be signed" in county
        assert SCHOOL.name in county


async def test_signature_with_document_and_second_person(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        status, where = await browser.sign(HELD, document=PDF, note="<b>全校</b>")
        assert (status, where) == (303, "/attest/1")
        _, text = await browser.get(where)
        assert "李四（校长）" in text
        assert "&lt;b&gt;全校&lt;/b&gt;" in text
        assert "还没有；确认之前不算数" in text
        token = await browser.token(where, "/attest/1/confirm")
        status, _ = await browser.post("/attest/1/confirm", {"token": token, "person": WANG})
        assert status == 303
        assert "王五" in (await browser.get(where))[1]
        assert browser.clerk.verify().is_whole
        [signed] = browser.clerk.papers(browser.collector.showing().now()).signed
        assert signed.is_whole


async def test_second_person_who_is_the_first_is_told_so(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
        token = await browser.token("/attest/1", "/attest/1/confirm")
        status, text = await browser.post("/attest/1/confirm", {"token": token, "person": LI})
        assert status == 400
        assert "须由另一个人确认" in text


async def test_what_was_signed_can_be_taken_back(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign()
        token = await browser.token("/attest/1", "/attest/1/revoke")
        status, _ = await browser.post("/attest/1/revoke", {"token": token, "why": "签错"})
        assert status == 303
        assert "已撤回" in (await browser.get("/attest/1"))[1]


async def test_mistake_comes_back_with_the_form_filled_in(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        status, text = await browser.sign(says="not_fulfilled", note="")
        assert status == 400
        assert "请用 --note 说明原因" in text or "说明原因" in text
        assert f'value="{LI}"' in text
        assert list(browser.clerk.book.entries()) == []


async def test_form_that_comes_back_is_a_read_of_what_was_signed_before(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
        token = await browser.token(HELD)
        log = browser.collector.paperwork.access_book
        before = len(log.reads())
        status, text = await browser.post(HELD, {"token": token, "says": "?", "person": LI})
        assert (status, "以前的签署" in text) == (400, True)
        assert len(log.reads()) == before + 1
        newest = log.reads()[0].read
        assert (newest["door"].split()[0], newest["rows"]) == ("POST", 1)
        assert newest["school"] == SCHOOL.code


@pytest.mark.parametrize("path", [HELD, "/attest/1", "/attest/1/file"])
async def test_detail_needs_the_key_also_where_pages_are_open(tmp_path: Path, path: str) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
        status, text = await browser.get(path, login=False)
        assert status == 401
        assert LI not in text
        assert "%PDF" not in text


async def test_form_without_key_or_token_changes_nothing(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        token = await browser.token(PLAN)
        fields = {"says": "fulfilled", "person": LI}
        good = {**fields, "token": token}
        foreign = {**browser.login, "Sec-Fetch-Site": "cross-site"}
        tries = [
            await browser.post(PLAN, good, headers={}),
            await browser.post(PLAN, fields),
            await browser.post(PLAN, {**fields, "token": "f" * 64}),
            await browser.post(HELD, good, document=PDF),  # the token of another form
            await browser.post(PLAN, good, headers=foreign),
        ]
        assert [status for status, _ in tries] == [401, 403, 403, 403, 403]
        assert list(browser.clerk.book.entries()) == []
        assert not (tmp_path / "evidence").exists()


async def test_file_before_the_token_is_not_read(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        token = await browser.token(HELD)
        form = aiohttp.FormData()
        form.add_field("file", PDF, filename="a.pdf")
        form.add_field("token", token)
        async with browser._session.post(
            browser._url + HELD, data=form, headers=browser.login
        ) as answer:
            assert answer.status == 403


async def test_other_bodies_are_refused_in_words(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        for data, kind in (
            (b"token=x", "application/x-www-form-urlencoded"),
            (b"{}", "application/json"),
            (b"nonsense", "multipart/form-data; boundary=x"),
            (b"nonsense", "multipart/form-data"),
            (b"--x\r\n\r\n" + b"y" * 9000 + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        ):
            async with browser._session.post(
                browser._url + PLAN, data=data, headers={**browser.login, "Content-Type": kind}
            ) as answer:
                assert answer.status == 403, kind
                assert "不是" in await answer.text()


async def test_document_goes_out_as_a_download_only_and_is_recorded(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF, name="../演练 记录.pdf")
        url = browser._url + "/attest/1/file"
        async with browser._session.get(url, headers=browser.login) as answer:
            assert await answer.read() == PDF
            said = answer.headers
        assert said["Content-Disposition"] == (
            'attachment; filename="evidence-1.pdf"; '
            "filename*=UTF-8''%E6%BC%94%E7%BB%83%20%E8%AE%B0%E5%BD%95.pdf"
        )
        assert said["X-Content-Type-Options"] == "nosniff"
        assert said["Content-Security-Policy"].startswith("default-src 'none'")
        assert said["Cache-Control"] == "private, no-store"
        [newest, *_] = browser.collector.paperwork.access_book.reads()
        assert newest.read["door"] == "GET /attest/{number}/file"
        assert (newest.read["who"], newest.read["rows"]) == ("key", 1)
        assert newest.read["school"] == SCHOOL.code


@pytest.mark.parametrize(
    ("document", "said"),
    [(b"MZ\x90\x00 a program", "按内容不是可接受的文件"), (PDF.ljust(1_100_000), "1 MB 的上限")],
    ids=["program", "large"],
)
async def test_wrong_or_too_large_document_is_refused_and_not_kept(
    tmp_path: Path, document: bytes, said: str
) -> None:
    own_policies(tmp_path)
    rules = Path(__file__).parents[3] / "config" / "policies" / "records.toml"
    text = rules.read_text("utf-8").replace("megabytes = 20", "megabytes = 1")
    (tmp_path / "policies" / "records.toml").write_text(text, "utf-8")
    async with browsing(tmp_path) as browser:
        status, answer = await browser.sign(HELD, document=document)
        assert status == 400
        assert said in answer
        assert list(browser.clerk.book.entries()) == []
        assert not (tmp_path / "evidence").exists()


async def test_document_larger_than_a_push_may_be_is_taken(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        content = PDF.ljust(12_000_000)
        status, _ = await browser.sign(HELD, document=content)
        assert status == 303
        [file] = (tmp_path / "evidence").iterdir()
        assert file.stat().st_size == len(content)


async def test_many_upload_at_once_and_all_is_whole(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        documents = [PDF + bytes([65 + n % 3]) * 200_000 for n in range(9)]
        done = await asyncio.gather(
            *(browser.sign(HELD, document=one, person=f"T{n}") for n, one in enumerate(documents))
        )
        assert {status for status, _ in done} == {303}
        found = browser.clerk.verify()
        assert (found.entries, found.files, found.is_whole) == (9, 3, True)


async def test_signatures_outlive_the_collector(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
    async with browsing(tmp_path) as browser:
        assert (await browser.get("/attest/1/file"))[0] == 200
        await browser.sign()
        assert browser.clerk.verify().is_whole


async def test_missing_document_is_said_to_be_missing(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
        [file] = (tmp_path / "evidence").iterdir()
        file.unlink()
        status, text = await browser.get("/attest/1/file")
        assert status == 404
        assert "请从备份恢复" in text


@pytest.mark.parametrize(
    "path",
    [
        "/attest/99", "/attest/99/file", "/attest/x", "/schools/0000000000/attest",
        f"/schools/{SCHOOL.code}/attest/none/held",
        f"/schools/{SCHOOL.code}/attest/test.drill/none",
        "/attest/..%2f..%2fadmin.key/file",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    async with browsing(tmp_path) as browser:
        assert (await browser.get(path))[0] == 404


async def test_pages_have_both_languages_and_no_script(tmp_path: Path) -> None:
    async with browsing(tmp_path) as browser:
        await browser.sign(HELD, document=PDF)
        for path in ("/attest", f"/schools/{SCHOOL.code}/attest", HELD, "/attest/1"):
            _, chinese = await browser.get(path)
            _, english = await browser.get(f"{path}?lang=en")
            assert "<script" not in chinese
            assert 'style="' not in chinese
            assert "Signature" in english or "sign" in english
