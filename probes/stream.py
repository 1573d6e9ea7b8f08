"""A TCP connection to one address, and how it can fail."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probes.net import NO_SOCKET, Address, open_socket, our_fault, require_route
from probes.refusal import Refusal, RefusedError


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[socket.socket]:
    """A connected, non-blocking socket, which is closed afterwards; the caller limits the time.

    Raises RefusedError, and ProbeError when this machine has no way to `address`.
    """
    require_route(address)
    with open_socket(address.family, socket.SOCK_STREAM) as opened:
        try:
            await asyncio.get_running_loop().sock_connect(opened, address.sockaddr)
        except TimeoutError:  # of the system itself, which is an OSError too
            raise
        except ConnectionRefusedError as exc:
            raise RefusedError(Refusal.NO_SERVICE) from exc
        except OSError as exc:
            if exc.errno in NO_SOCKET or exc.errno == errno.EADDRNOTAVAIL:
                raise our_fault(exc) from exc
            # The way out of this machine was checked before: somebody further on said no.
            raise RefusedError(Refusal.UNREACHABLE) from exc
        yield opened


@asynccontextmanager
async def stream(
    opened: socket.socket, *, limit: int = 65_536, tls: ssl.SSLContext | None = None, name: str = ""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """What is read and written over `opened`, after a TLS handshake with `name` if `tls` is given.

    `limit`: the longest line. Nothing is said in farewell.
    """
    reader, writer = await asyncio.open_connection(
        sock=opened, limit=limit, ssl=tls, server_hostname=name if tls else None
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
