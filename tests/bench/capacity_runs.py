"""Measures a line a few times from inside a school's namespace; one line of JSON for each run.

Not a benchmark by itself: `capacity` starts it there.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from collector.measure.token import Grant, mint
from probes.measuring import active
from probes.measuring.counter import Counter
from probes.measuring.line import line_of
from probes.measuring.permit import Direction, Permit, Tier

SECONDS = 60


def permit(secret: bytes, host: str, port: int, tier: Tier, most_bytes: int) -> Permit:
    now = time.time()
    grant = Grant(f"bench-{time.time_ns()}", int(now) + SECONDS, tier, most_bytes, 1e9)
    token = mint(secret, grant)
    return Permit(grant.id, host, port, token, tier, most_bytes, 1e9, SECONDS)


async def run(given: Permit, direction: Direction) -> dict[str, object]:
    began, at = time.monotonic(), time.time()
    async with Counter(line_of("eth0")) as counter:
        await asyncio.sleep(0.3)
        found = await active.measure(given, active.Knowledge(counter), (direction,))
    last = found[-1]
    return {
        "tier": last.tier.value,
        "outcome": last.outcome.value,
        "why": last.why,
        "rate": last.rate,
        "spread": last.spread_ratio,
        "bytes": sum(one.spent_bytes for one in found),
        "seconds": time.monotonic() - began,
        "since": at,
        "until": time.time(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("direction", type=Direction)
    parser.add_argument("tier", type=Tier)
    parser.add_argument("runs", type=int)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("secret", type=Path)
    parser.add_argument("most_bytes", type=int)
    args = parser.parse_args(arguments)
    secret = args.secret.read_bytes().strip()
    for _ in range(args.runs):
        given = permit(secret, args.host, args.port, args.tier, args.most_bytes)
        print(json.dumps(asyncio.run(run(given, args.direction))), flush=True)
        time.sleep(0.3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
