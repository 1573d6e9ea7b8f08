"""Nearly every request is a push: it goes to its handler without the router.

aiohttp resolves a route in about four microseconds, which is what checking the readings costs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def shorten(server: web.Server, path: str, handler: Handler) -> None:
    """Let `handler` answer every POST to exactly `path`; all else goes where it went.

    Call it before the server listens.
    """
    routed = server.request_handler

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        # The server's request factory is the application's, which makes nothing but web.Request.
        if (
            request.method == "POST"
            and request.raw_path == path
            and isinstance(request, web.Request)
        ):
            return await handler(request)
        return await routed(request)

    server.request_handler = handle
