"""Answers one question of `content_filter`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from probes import apart
from probes.filtering.look import Filter, Name, UnknownError
from probes.model import ProbeError

AT_ONCE = 4


def work(question: Any) -> object:
    return asyncio.run(look_at_all(**question))


async def look_at_all(names: Sequence[Mapping[str, Any]], **how_to: Any) -> list[Mapping[str, str]]:
    """For each name `how`, or the `reason` why that cannot be told."""
    turn, filter_ = asyncio.Semaphore(AT_ONCE), Filter(**how_to)

    async def look(name: Name) -> Mapping[str, str]:
        async with turn:
            try:
                return {"how": (await filter_.look(name)).value}
            except (UnknownError, ProbeError) as exc:
                return {"reason": exc.reason}

    return await asyncio.gather(*(look(Name(**table)) for table in names))


if __name__ == "__main__":
    apart.serve(work)
