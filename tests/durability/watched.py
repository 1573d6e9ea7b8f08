"""`python -m tests.durability.watched DATA_DIR`: acknowledges, seals and merges, for a tracer to
watch. It prints a word when a batch was acknowledged; nothing else of it writes to stdout."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from probes.wire import Batch, Record, digest, pack
from tests.durability.children import merge_all
from tests.durability.intake import Intake, milliseconds

ACKNOWLEDGED = b"acknowledged\n"


def batch(seq: int) -> Batch:
    records = [Record(probe="echo", at=milliseconds(), values={"rtt_seconds": float(seq)})]
    body = pack(records, {})
    return Batch(session="session-1", seq=seq, sha256=digest(body), body=body)


async def main(data_dir: Path) -> None:
    async with Intake(data_dir) as intake:
        for seq in (1, 2):
            (ack,) = await intake.push("a1", [batch(seq)])
            assert ack.result == "stored"
            os.write(1, ACKNOWLEDGED)
            await asyncio.to_thread(intake.house.seal)
        await asyncio.to_thread(merge_all, intake.house)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
