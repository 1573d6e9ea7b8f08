"""Sends one message to one channel, through Apprise; the only module that knows Apprise.

It blocks for at most half a minute or so. Nothing of an address is ever logged or returned.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from collector.alert.channel import Channel
from collector.alert.message import Message

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
DELIVERED = ""
NO_ANSWER = "no_answer"
NOT_AN_ADDRESS = "not_an_address"
REFUSED = "refused"
"""With the number that the other side gave: `refused 403`."""

_SERVICES = {
    "wecombot": ("wecombot", "NotifyWeComBot"),
    "dingtalk": ("dingtalk", "NotifyDingTalk"),
    "feishu": ("feishu", "NotifyFeishu"),
    "mailto": ("email", "NotifyEmail"),
    "mailtos": ("email", "NotifyEmail"),
    "json": ("custom_json", "NotifyJSON"),
    "jsons": ("custom_json", "NotifyJSON"),
}
_NUMBER = re.compile(r"error=(-?\d+)")
_LISTENING = threading.Lock()


def send(channel: Channel, message: Message) -> str:
    """DELIVERED once the other side has taken the message, else why it has not; never raises."""
    quieten()
    try:
        return _send(channel, message)
    except Exception as exc:  # an address must not come out in a traceback
        return f"fault {type(exc).__name__}"


def quieten() -> None:
    """What these libraries log holds addresses, from DEBUG on."""
    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        logger.setLevel(logging.WARNING)


def _send(channel: Channel, message: Message) -> str:
    import apprise

    service = _service_or_none(channel)
    if service is None:
        return NOT_AN_ADDRESS
    service.socket_connect_timeout = CONNECT_SECONDS
    service.socket_read_timeout = ANSWER_SECONDS
    if channel.schema in _ROBOTS:
        return _post(service, *_ROBOTS[channel.schema](service, message))
    service.notify_format = apprise.NotifyFormat.TEXT
    with _warnings() as said:
        done = service.notify(body=message.body, title=message.subject)
    return DELIVERED if done else _why(said)


def _service_or_none(channel: Channel) -> Any:
    """None when the address is not complete. Apprise itself would load all of its 180 services to
    find the one, at 17 MB more than the five."""
    module, name = _SERVICES[channel.schema]
    kind = getattr(import_module(f"apprise.plugins.{module}"), name)
    given = kind.parse_url(channel.url)
    try:
        return kind(**given) if given else None
    except TypeError:  # so Apprise says that a part is missing
        return None


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What Apprise says meanwhile; it returns no more than whether it went well."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    with _LISTENING:
        logger.addHandler(listener)
        try:
            yield said
        finally:
            logger.removeHandler(listener)


def _why(said: list[str]) -> str:
    for line in said:
        if match := _NUMBER.search(line):
            return f"{REFUSED} {match[1]}"
    return NO_ANSWER


# The robots answer 200 also to what they refuse, and say so in the body. Apprise does not look at
# it, so their three forms of message are posted here; addresses and signatures are Apprise's.


def _post(service: Any, url: str, body: Any, params: dict[str, str] | None = None) -> str:
    import requests

    try:
        answer = requests.post(
            url,
            json=body,
            params=params,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            verify=service.verify_certificate,
            allow_redirects=False,
        )
    except requests.RequestException:
        return NO_ANSWER
    if answer.status_code != 200:
        return f"{REFUSED} {answer.status_code}"
    return _said(answer.content)


def _said(content: bytes) -> str:
    """WeCom and DingTalk say `errcode`, Feishu `code`; 0 is well."""
    try:
        body = json.loads(content[:65536])
        number = body.get("errcode", body.get("code", body.get("StatusCode")))
        return DELIVERED if number == 0 else f"{REFUSED} {int(number)}"
    except (ValueError, TypeError, AttributeError):
        return f"{REFUSED} 200"


def _text(message: Message) -> str:
    return f"{message.subject}\n{message.body}"


def _wecom(service: Any, message: Message) -> tuple[str, object, None]:
    return service.api_url, {"msgtype": "text", "text": {"content": _text(message)}}, None


def _dingtalk(service: Any, message: Message) -> tuple[str, object, dict[str, str] | None]:
    body = {
        "msgtype": "text",
        "text": {"content": _text(message)},
        "at": {"atMobiles": service.targets, "isAtAll": False},
    }
    return service.notify_url.format(token=service.token), body, _signed(service)


def _signed(service: Any) -> dict[str, str] | None:
    if not service.secret:
        return None
    timestamp, signature = service.get_signature()
    return {"timestamp": timestamp, "sign": unquote(signature)}  # requests quotes it again


def _feishu(service: Any, message: Message) -> tuple[str, object, None]:
    body = {"msg_type": "text", "content": {"text": _text(message)}}
    return service.notify_url.format(token=service.token), body, None


_ROBOTS = {"wecombot": _wecom, "dingtalk": _dingtalk, "feishu": _feishu}
