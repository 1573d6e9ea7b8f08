"""The enrolment string: one paste that tells a new agent where its collector is and lets it in.

`enr1.<base64url of compact JSON {"u": url, "t": token id, "s": secret, "p": pin}>.<crc32 hex>`.
The collector's register writes it, the agent reads it. The checksum finds a string that lost a
character on its way through a chat window; it protects nothing. The secret does, so the string is
kept out of logs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from probes.text import BanjunError, Text

_PREFIX = "enr1"
_PIN = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[0-9A-Za-z_-]{1,120}")


class EnrolmentError(BanjunError):
    """The string is not an enrolment string; the text says what to do, never what was pasted."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Where to enrol, and the token that allows it.

    Attributes:
        url: base address of the collector, such as https://collector.example.edu.cn:8421
        pin: SHA-256 in hex of the public key (SubjectPublicKeyInfo) of the collector's authority;
            empty = the system's authorities decide.
    """

    url: str
    token_id: str
    secret: str
    pin: str = ""

    def __post_init__(self) -> None:
        _check(self)

    def __repr__(self) -> str:
        return f"Enrolment(url={self.url!r}, token_id={self.token_id!r}, secret=...)"

    @property
    def token(self) -> str:
        """As `EnrolRequest.token` carries it."""
        return f"{self.token_id}.{self.secret}"

    def to_text(self) -> str:
        data = {"u": self.url, "t": self.token_id, "s": self.secret}
        if self.pin:
            data["p"] = self.pin
        raw = json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
        body = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return f"{_PREFIX}.{body}.{_checksum(body)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises EnrolmentError. White space, as line breaks of a chat leave it, is ignored."""
        parts = "".join(text.split()).split(".")
        if parts[0] != _PREFIX:
            raise _damaged("它应以 enr1. 开头", "it should begin with enr1.")
        if len(parts) != 3 or _checksum(parts[1]) != parts[2].lower():
            raise _damaged(
                "校验码不符，可能少复制了字符", "its checksum does not fit; part is missing"
            )
        data = _decoded(parts[1])
        return cls(data["u"], data["t"], data["s"], data.get("p", ""))


def _checksum(body: str) -> str:
    return f"{binascii.crc32(body.encode()):08x}"


def _decoded(body: str) -> dict[str, str]:
    try:
        data: Any = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError as exc:
        raise _damaged("内容无法解析", "its content cannot be read") from exc
    wanted, known = {"u", "t", "s"}, {"u", "t", "s", "p"}
    if (
        not isinstance(data, dict)
        or not wanted <= data.keys() <= known
        or not all(isinstance(value, str) for value in data.values())
    ):
        raise _damaged(
            "内容不完整或来自更新的版本", "it is incomplete, or made by a newer version of Banjun"
        )
    return data


def _check(enrolment: Enrolment) -> None:
    try:
        parts = urlsplit(enrolment.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        plain = not (parts.query or parts.fragment or parts.username)
    except ValueError:
        usable = plain = False
    if not (usable and plain):
        raise _damaged(
            f"其中的采集器地址 {enrolment.url!r} 不可用",
            f"the collector's address in it, {enrolment.url!r}, is not usable",
        )
    if not (_WORD.fullmatch(enrolment.token_id) and _WORD.fullmatch(enrolment.secret)):
        raise _damaged("其中的令牌不可用", "the token in it is not usable")
    if enrolment.pin and not (parts.scheme == "https" and _PIN.fullmatch(enrolment.pin)):
        raise _damaged("其中的指纹不可用", "the pin in it is not usable")


def _damaged(zh: str, en: str) -> EnrolmentError:
    return EnrolmentError(
        Text(
            f"这不是完整的注册串：{zh}。请从采集器的 token create 输出中重新完整复制。",
            f"This is not a whole enrolment string: {en}. "
            "Copy it again, all of it, from what `token create` printed.",
        )
    )
