"""A reflector as a program of its own: `python -m tests.lab.reflect PORT [HOST]`.

It prints its key.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from collector.measure.reflector import Reflector


def now() -> datetime:
    return datetime.now(UTC)


async def serve(port: int, host: str = "127.0.0.1") -> None:
    reflector = Reflector(b"secret of a test", now)
    reflector.open(host, port)
    print(reflector.key(now()), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
