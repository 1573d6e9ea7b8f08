"""Real channels against servers on this machine: what is delivered, what is refused, and that no
address comes out anywhere."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from collector.alert.channel import Channel
from collector.alert.message import Message
from collector.alert.send import DELIVERED, NO_ANSWER, send
from tests.lab.daemon import free_port

SECRET = "c0ffee00-1234-5678-9abc-def012345678"
MESSAGE = Message("BJ-1-2-3", "【班均】失联：示范小学 (BJ-1-2-3)", "起于：今天\n1. 打电话")


class Hook:
    """An HTTP server that answers as it is told, and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b"{}"
        self.got: list[tuple[str, Any]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.path, json.loads(body)))
                self.send_response(hook.status)
                self.end_headers()
                self.wfile.write(hook.answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def robots(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Hook:
    """The three robots, at this address."""
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.wecombot import NotifyWeComBot

    url = f"http://127.0.0.1:{hook.port}"
    monkeypatch.setattr(NotifyWeComBot, "notify_url", url + "/wecom?key={key}")
    monkeypatch.setattr(NotifyDingTalk, "notify_url", url + "/dingtalk?access_token={token}")
    monkeypatch.setattr(NotifyFeishu, "notify_url", url + "/feishu/{token}/")
    return hook


def channel(url: str) -> Channel:
    return Channel("one", url.partition("://")[0], url)


def test_webhook_gets_subject_and_body(hook: Hook) -> None:
    assert send(channel(f"json://127.0.0.1:{hook.port}/hook"), MESSAGE) == DELIVERED
    ((path, body),) = hook.got
    assert path == "/hook"
    assert (body["title"], body["message"]) == (MESSAGE.subject, MESSAGE.body)


@pytest.mark.parametrize("status", [403, 500])
def test_webhook_that_refuses_says_its_number(hook: Hook, status: int) -> None:
    hook.status = status
    found = send(channel(f"json://127.0.0.1:{hook.port}/hook"), MESSAGE)
    assert found == f"refused {status}"


def test_nobody_at_the_address_is_no_answer() -> None:
    port = free_port()
    assert send(channel(f"json://127.0.0.1:{port}/"), MESSAGE) == NO_ANSWER
    assert send(channel(f"mailto://127.0.0.1:{port}?from=a@b.cn&to=c@d.cn"), MESSAGE) == NO_ANSWER


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:{}/", "mailto://127.0.0.1:{}?from=a@b.cn&to=c@d.cn"]
)
def test_who_takes_the_call_and_says_nothing_is_left_after_a_while(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.alert.send.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("collector.alert.send.ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert send(channel(url.format(silent.getsockname()[1])), MESSAGE) == NO_ANSWER
    assert time.monotonic() - began < 5


ROBOTS = {
    f"wecombot://{SECRET}": ("wecom", "errcode"),
    f"dingtalk://{SECRET.replace('-', '')}": ("dingtalk", "errcode"),
    f"feishu://{SECRET}": ("feishu", "code"),
}


@pytest.mark.parametrize("url", ROBOTS)
def test_robot_gets_the_whole_text(robots: Hook, url: str) -> None:
    path, key = ROBOTS[url]
    robots.answer = json.dumps({key: 0}).encode()
    assert send(channel(url), MESSAGE) == DELIVERED
    ((asked, body),) = robots.got
    assert asked.startswith(f"/{path}")
    content = body["content"]["text"] if path == "feishu" else body["text"]["content"]
    assert content == f"{MESSAGE.subject}\n{MESSAGE.body}"


@pytest.mark.parametrize("url", ROBOTS)
def test_robot_that_answers_200_and_refuses_in_the_body_has_refused(robots: Hook, url: str) -> None:
    robots.answer = json.dumps({ROBOTS[url][1]: 93000, "errmsg": "invalid webhook url"}).encode()
    assert send(channel(url), MESSAGE) == "refused 93000"
    robots.answer = b"<html>a portal</html>"
    assert send(channel(url), MESSAGE) == "refused 200"


def test_signed_dingtalk_robot_gets_its_signature_quoted_once(robots: Hook) -> None:
    from urllib.parse import parse_qs, urlsplit

    robots.answer = b'{"errcode": 0}'
    token = SECRET.replace("-", "")
    assert send(channel(f"dingtalk://SECabc@{token}"), MESSAGE) == DELIVERED
    asked = parse_qs(urlsplit(robots.got[0][0]).query)
    assert asked["access_token"] == [token]
    assert len(asked["sign"][0]) == 44  # base64 of 32 bytes
    assert asked["sign"][0].endswith("=")


class Mailbox:
    """Keeps the mails that an aiosmtpd took."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        if self.answer.startswith("2"):
            self.mails.append(message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    from aiosmtpd.controller import Controller

    box, port = Mailbox(), free_port()
    controller = Controller(box, "127.0.0.1", port)
    controller.start()
    yield box, port
    controller.stop()


def test_mail_is_plain_text_with_its_number_in_the_subject(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    url = f"mailto://127.0.0.1:{port}?from=banjun@example.cn&to=duty@example.cn"
    assert send(channel(url), MESSAGE) == DELIVERED
    (mail,) = box.mails
    assert str(make_header(decode_header(mail["Subject"]))) == MESSAGE.subject
    part = next(p for p in mail.walk() if p.get_content_maintype() == "text")
    assert part.get_content_type() == "text/plain"
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n").strip() == MESSAGE.body


def test_mail_that_is_turned_away_is_not_delivered(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.answer = "451 come again later"
    url = f"mailto://127.0.0.1:{port}?from=banjun@example.cn&to=duty@example.cn"
    assert send(channel(url), MESSAGE) != DELIVERED


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What a log of everything would hold. pytest's own also hears what goes to no log."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, listener = logging.getLogger(), Listener()
    before = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(listener)
    root.setLevel(before)


@pytest.mark.parametrize("status", [200, 403])
def test_no_secret_is_logged_or_returned(
    hook: Hook, robots: Hook, status: int, logged: list[str]
) -> None:
    hook.status = status
    port = free_port()
    urls = [
        *ROBOTS,
        f"json://user:{SECRET}@127.0.0.1:{hook.port}/{SECRET}?token={SECRET}",
        f"json://127.0.0.1:{port}/{SECRET}",
        f"mailto://user:{SECRET}@127.0.0.1:{port}?from=a@b.cn&to=c@d.cn",
    ]
    found = [send(channel(url), MESSAGE) for url in urls]
    assert len(hook.got) == 4
    logging.getLogger("collector").debug("this is heard")
    assert "this is heard" in logged
    for word in (SECRET, SECRET.replace("-", ""), "127.0.0.1"):
        assert word not in "".join(logged)
        assert word not in "".join(found)
        assert word not in "".join(repr(channel(url)) for url in urls)


def test_address_that_is_not_complete_is_named_as_such() -> None:
    assert send(channel("wecombot://"), MESSAGE) == "not_an_address"
