"""Who may see the pages: everyone on a loopback listener, else who knows the admin key.

What decides is how the collector listens, not who asks: behind a proxy every peer is loopback. The
doors below /v1 have their own keys and do not come by here.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Iterable
from math import ceil

from aiohttp import web

from collector.web.admin_key import AdminKey
from config.loopback import is_loopback

USER = "banjun"
_CHALLENGE = f'Basic realm="{USER}", charset="UTF-8"'

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access:
    """`open_pages`: this collector listens on loopback only, and pages need no login.

    Then a request must also name a loopback host or one of `hosts`: a foreign web page that has its
    own name pointed at 127.0.0.1 (DNS rebinding) still sends that name.
    """

    def __init__(self, key: AdminKey, *, open_pages: bool, hosts: Iterable[str] = ()) -> None:
        self._key = key
        self._open = open_pages
        self._hosts = {_bare(host) for host in hosts}

    async def check(self, request: web.Request) -> None:
        """Raises an HTTPException when the request may not be answered."""
        if self._open:
            self._check_host(request)
        else:
            await self._check_login(request)

    def _check_host(self, request: web.Request) -> None:
        host = _bare(request.headers.get("Host", ""))
        if not (is_loopback(host) or host in self._hosts):
            raise web.HTTPMisdirectedRequest

    async def _check_login(self, request: web.Request) -> None:
        header = request.headers.get("Authorization")
        if header is None:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": _CHALLENGE})
        user, password = _credentials(header)
        # Both are compared whatever the first says: time must not tell which one was wrong.
        right_user = hmac.compare_digest(user.encode("utf-8", "surrogatepass"), USER.encode())
        right_key = self._key.matches(password)
        if right_user and right_key:
            return
        wait = await self._key.refuse(request.remote or "")
        if wait is not None:
            headers = {"Retry-After": str(ceil(wait.total_seconds()))}
            raise web.HTTPTooManyRequests(headers=headers)
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": _CHALLENGE})


def _credentials(header: str) -> tuple[str, str]:
    """User and password of a Basic header; empty ones if it is none."""
    scheme, _, packed = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password.strip()


def _bare(host: str) -> str:
    """A host without its port, in lower case: `[::1]:8000` -> `::1`."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return host.rstrip(".")
