"""Watches its namespace's line, as a program: `python -m tests.lab.watcher HOST PORT KEY`.

Each line of its input is a number of seconds to watch; each line of its output what was seen.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from time import perf_counter_ns

from probes.jitter import Key
from probes.measuring.baseline import Baseline
from probes.measuring.counter import Counter
from probes.measuring.line import line_of
from probes.measuring.permit import Direction
from probes.measuring.watch import watch


async def main(host: str, port: str, key: str) -> None:
    baseline, counter = Baseline(), Counter(line_of(""))
    for line in sys.stdin:
        began = perf_counter_ns()
        seen = await watch(counter, host, int(port), Key.parse(key), baseline, float(line))
        spans = {way: counter.rate(way, began, perf_counter_ns()) for way in Direction}
        sizes = {way: span.ip_bytes / max(1, span.packets) for way, span in spans.items() if span}
        print(json.dumps(asdict(seen) | {"packet_bytes": sizes}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
