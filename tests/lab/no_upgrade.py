"""`python -m tests.lab.no_upgrade PORT`: a middlebox that lets HTTP pass, and no WebSocket.

Connections come by a redirect of the packet filter. It reads the head of the first request, refuses
one that asks for an upgrade, and otherwise passes on what both sides say.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress

_SO_ORIGINAL_DST = 80
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def meant_for(connection: socket.socket) -> tuple[str, int]:
    """Whom the client wanted to reach before it was redirected."""
    packed = connection.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    port, address = struct.unpack_from("!2xH4s", packed)
    return socket.inet_ntoa(address), port


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"\r\nupgrade:" in head.lower():
            writer.write(REFUSAL)
            await writer.drain()
        else:
            await _pass_on(head, reader, writer)
    writer.close()


async def _pass_on(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, port = meant_for(writer.get_extra_info("socket"))
    far_reader, far_writer = await asyncio.open_connection(host, port)
    far_writer.write(head)
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
