"""What a Counter sees of a thousand packets: `python -m tests.lab.counted INTERFACE ADDRESS`.

With an address it sends them there, else it waits for them. Each has 1000 bytes of IP.
"""

from __future__ import annotations

import json
import socket
import sys
import time

from probes.measuring.counter import Counter
from probes.measuring.line import line_of
from probes.measuring.permit import Direction


def main(interface: str, to: str) -> None:
    counter = Counter(line_of(interface))
    way = Direction.UP if to else Direction.DOWN
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        if to:
            opened.sendto(b"", (to, 9))  # the neighbour is asked for
            time.sleep(0.2)
        begun = counter.look()
        for _ in range(1000 if to else 0):
            opened.sendto(bytes(972), (to, 9))
        deadline = time.monotonic() + 4
        found = None
        while (found is None or found.packets < 1000) and time.monotonic() < deadline:
            time.sleep(0.05)
            found = counter.rate(way, begun.at, counter.look().at)
    told = json.dumps([way, found and found.ip_bytes, found and found.packets])
    print(told + "\n", end="")  # at once: another may write to the same pipe


if __name__ == "__main__":
    main(*sys.argv[1:])
