"""The only place where the agent speaks HTTP, and only to its collector.

Plain HTTP is for a collector on this same machine; anything else is TLS. One request is in flight
at a time, over a connection that is kept for the next. No proxy is used, whatever the environment
says: what is set there is for browsing.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Mapping
from time import monotonic
from typing import Self
from urllib.parse import urlsplit

from agent.answer import Answer, BadAnswerError
from agent.connection import Connection, DroppedError, connect
from agent.trust import StrangerError, Trust, open_trusted
from config.loopback import is_loopback
from probes.text import BanjunError, Text
from probes.wire import MSGPACK

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 256 * 1024
TIMEOUT = 30.0
"""Seconds for a whole exchange; a collector that takes longer is as good as silent."""
IDLE = 100.0
"""Seconds that a connection is kept for the next push."""
GZIP_FROM = 1024
"""Bytes below which compression costs more than it saves."""


class LinkError(BanjunError):
    """The collector's address is not usable."""


class UnreachableError(BanjunError):
    """No answer came. `reached`: the request may have arrived, and may have been acted on."""

    def __init__(self, text: Text, *, reached: bool) -> None:
        super().__init__(text)
        self.reached = reached


class Link:
    """Conversations with one collector; use it in `async with`.

    Args:
        trust: whom to take for the collector at an https address; the system decides unless given.

    Raises LinkError for an address that must not be used, TrustError for a useless `ca_file`.
    """

    def __init__(
        self, url: str, *, credential: str = "", version: str = "", trust: Trust | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._prefix = parts.path.rstrip("/")
        self._trust = (trust or Trust()) if _is_tls(url) else None
        if self._trust is not None:
            self._trust.context()  # A file that cannot be used is found now.
        self._fields = {
            "Host": parts.netloc.rpartition("@")[2].encode("idna").decode("ascii"),
            "User-Agent": f"banjun-agent/{version}",
            "Accept": MSGPACK,
            "Accept-Encoding": "identity",
        }
        if credential:
            self._fields["Authorization"] = credential
        self._turn = asyncio.Lock()
        self._kept: Connection | None = None
        self._kept_since = 0.0
        self._sent = False
        self._told: Text | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._kept is not None:
            self._kept.abort()
            self._kept = None

    async def post(self, path: str, body: bytes) -> Answer:
        """Raises UnreachableError."""
        fields = {"Content-Type": MSGPACK}
        if len(body) > GZIP_FROM:
            body = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
            fields["Content-Encoding"] = "gzip"
        fields["Content-Length"] = str(len(body))
        return await self._exchange("POST", path, fields, body)

    async def get(self, path: str, *, etag: str = "") -> Answer:
        """Raises UnreachableError."""
        return await self._exchange("GET", path, {"If-None-Match": etag} if etag else {}, b"")

    async def _exchange(
        self, method: str, path: str, fields: Mapping[str, str], body: bytes
    ) -> Answer:
        async with self._turn:
            self._sent = False
            try:
                request = _head(method, self._prefix + path, {**self._fields, **fields}) + body
                async with asyncio.timeout(TIMEOUT):
                    return await self._ask(request)
            except TimeoutError as exc:
                why = str(exc) or f"no answer within {TIMEOUT:.0f} s"
                raise self._unreachable(why) from exc
            except StrangerError as exc:
                self._tell(exc.text)
                raise UnreachableError(exc.text, reached=self._sent) from exc
            except (OSError, BadAnswerError, UnicodeError) as exc:
                raise self._unreachable(_words(exc)) from exc

    async def _ask(self, request: bytes) -> Answer:
        if (kept := self._kept_or_none()) is not None:
            try:
                return await self._use(kept, request)
            except DroppedError:
                # A kept connection that the collector closed meanwhile is not a failure, and
                # everything that this protocol sends may be sent twice.
                log.debug("kept connection was closed; opening another")
        return await self._use(await self._open(), request)

    def _kept_or_none(self) -> Connection | None:
        kept, self._kept = self._kept, None
        if kept is None or not kept.is_open:
            return None
        if monotonic() - self._kept_since > IDLE:
            kept.abort()
            return None
        return kept

    async def _open(self) -> Connection:
        if self._trust is None:
            return await connect(self._host, self._port, None)
        return await open_trusted(self._host, self._port, self._trust)

    async def _use(self, connection: Connection, request: bytes) -> Answer:
        self._sent = True
        answer = await connection.ask(request, MAX_ANSWER_BYTES)
        if connection.is_open:
            self._kept, self._kept_since = connection, monotonic()
        return answer

    def _unreachable(self, why: str) -> UnreachableError:
        where = f"{self._host}:{self._port}"
        return UnreachableError(
            Text(
                f"采集器 {where} 没有应答：{why}。",
                f"The collector at {where} did not answer: {why}.",
            ),
            reached=self._sent,
        )

    def _tell(self, text: Text) -> None:
        """Once for each thing that was met; pushes fail for it again and again."""
        if text != self._told:
            log.warning("%s", text.en)
            self._told = text


def _head(method: str, target: str, fields: Mapping[str, str]) -> bytes:
    """Raises BadAnswerError for a value that would end its line: some come from answers."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
    if not all(line.isprintable() for line in lines):
        raise BadAnswerError("what is to be sent holds control characters")
    return "\r\n".join(lines).encode("ascii")


def _words(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror if exc.errno is None else f"{exc.strerror} ({exc.errno})"
    return str(exc) or type(exc).__name__


def _is_tls(url: str) -> bool:
    """False for plain HTTP on loopback. Raises LinkError."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    if not is_loopback(parts.hostname or ""):
        raise LinkError(
            Text(
                f"采集器地址 {url} 不是本机，必须使用 https，否则密钥会以明文传输。",
                f"The collector at {url} is another machine, so its address must be https; "
                "the key would travel in clear text.",
            )
        )
    return False
