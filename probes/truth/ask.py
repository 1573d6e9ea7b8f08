"""Several name servers, several names: all of them asked, some at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from probes.dns_query import DnsAnswer, ask
from probes.model import ProbeError
from probes.net import resolve

AT_ONCE = 4
"""Questions to one server."""

Row = dict[str, Any]
"""`server` and `label`, and either `code`, `data` and `seconds` of the answer; or `failed`, why the
server gave none; or `not_run`, why it was not asked."""


async def ask_servers(
    servers: Sequence[str], names: Mapping[str, str], port: int, tries: int, timeout: float
) -> list[Row]:
    """`names`: by the label that stands for each."""

    async def one(server: str, label: str, name: str, turn: asyncio.Semaphore) -> Row:
        async with turn:
            found = await _ask(server, name, port, tries, timeout)
        return {"server": server, "label": label, **found}

    turns = {server: asyncio.Semaphore(AT_ONCE) for server in servers}
    return await asyncio.gather(
        *(one(s, label, name, turns[s]) for s in servers for label, name in names.items())
    )


async def _ask(server: str, name: str, port: int, tries: int, timeout: float) -> Row:
    try:
        answer = await ask(await resolve(server, port), name, "A", tries, timeout)
    except ProbeError as exc:
        return {"not_run": exc.reason}
    except ValueError:
        return {"not_run": "no_names"}  # DNS cannot carry it
    if not isinstance(answer, DnsAnswer):
        return {"failed": answer.value if answer else "no_answer"}
    return {"code": answer.code, "data": answer.data, "seconds": answer.seconds}
