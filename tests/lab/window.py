"""`python -m tests.lab.window SOCKET DATA_DIR`: a collector's pages, out of its namespace.

It runs in the collector's namespace and answers on a listening socket that it inherits from the
machine's own loopback. There a page needs no login, as with any collector that listens there only.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from pathlib import Path

from aiohttp import BasicAuth, ClientSession, TCPConnector, web

from collector.web.access import USER

_PASSED_ON = ("Content-Type", "Content-Security-Policy", "Location", "Set-Cookie")


async def serve(listening: socket.socket, data_dir: Path) -> None:
    url = json.loads((data_dir / "serving.json").read_text("utf-8"))["public_url"]
    trust = ssl.create_default_context(cafile=data_dir / "tls" / "authority.pem")
    key = BasicAuth(USER, (data_dir / "admin.key").read_text("ascii").strip())
    async with ClientSession(auth=key, connector=TCPConnector(ssl=trust)) as session:

        async def pass_on(request: web.Request) -> web.Response:
            headers = {"Cookie": request.headers.get("Cookie", "")}
            async with session.get(
                f"{url}{request.path_qs}", headers=headers, allow_redirects=False
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k in _PASSED_ON}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)

        application = web.Application()
        application.router.add_get("/{path:.*}", pass_on)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])))
