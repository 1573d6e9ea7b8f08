"""Forms that change something: only from our own pages, and never more than was asked for."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import BodyPartReader, web

from collector.attest.clerk import Document
from collector.attest.evidence import label_of, too_large
from collector.register.register import HOME
from collector.web.admin_key import AdminKey
from probes.text import BanjunError, Text

TOKEN = "token"  # noqa: S105  the name of a field
LONGEST_FIELD = 4096
MOST_FIELDS = 20
_OWN = ("same-origin", "none")


class FormError(BanjunError):
    """What was posted is no form of ours."""


@dataclass(slots=True)
class Posted:
    """The fields of a form, and the one file that it may have."""

    fields: dict[str, str] = field(default_factory=dict)
    document: Document | None = None

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


class Forms:
    """Makes tokens and takes forms. Another site's page can post to us, with the login that the
    browser remembers; but it cannot read the token, which is good for one path and two days."""

    def __init__(self, key: AdminKey) -> None:
        self._key = key

    def token(self, path: str, now: datetime) -> str:
        return self._key.mark(f"form {path} {now.astimezone(HOME).date()}")

    async def take(self, request: web.Request, now: datetime, largest: int = 0) -> Posted:
        """Raises FormError, before any file is read, and EvidenceError for one over `largest`."""
        if request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
            raise FormError(_FOREIGN)
        if request.content_type != "multipart/form-data":
            raise FormError(_NO_FORM)
        posted = Posted()
        try:
            reader = await request.multipart()
            number = 0
            while (part := await reader.next()) is not None:
                number += 1
                if not isinstance(part, BodyPartReader) or number > MOST_FIELDS:
                    raise FormError(_NO_FORM)
                if part.filename is None:
                    posted.fields[part.name or ""] = (await _read(part, LONGEST_FIELD)).decode()
                    continue
                self._check(request, posted, now)
                if part.filename:
                    posted.document = (await _read(part, largest), part.filename)
        except (ValueError, AssertionError) as exc:  # as aiohttp says that it is malformed
            raise FormError(_NO_FORM) from exc
        self._check(request, posted, now)
        return posted

    def _check(self, request: web.Request, posted: Posted, now: datetime) -> None:
        given = posted.get(TOKEN)
        made = [self.token(request.path, at) for at in (now, now - timedelta(days=1))]
        if not any(hmac.compare_digest(given.encode(), one.encode()) for one in made):
            raise FormError(_FOREIGN)


async def _read(part: BodyPartReader, most: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > most:
            if part.filename:
                raise too_large(label_of(part.filename), most)
            raise FormError(_NO_FORM)
    return bytes(content)


_FOREIGN = Text(
    "这个表单不是从本采集器的页面提交的，或者已经过期。请打开页面重新填写。",
    "This form does not come from a page of this collector, or is too old. Open the page and fill "
    "it in again.",
)
_NO_FORM = Text(
    "提交的内容不是这个页面的表单。请打开页面重新填写。",
    "What was sent is not the form of this page. Open the page and fill it in again.",
)
