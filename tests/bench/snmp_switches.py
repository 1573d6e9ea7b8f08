"""Simulated switches for bench-snmp, in a process of their own.

Each answer is made by pysnmp once and kept; a request that comes again costs a look-up, so that the
simulator is no part of what is measured.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager

from tests.fakes.snmp_device import V2, Answer, SnmpDevice, interface_table, listening

ID_BYTES = 4
_ID_TAG = bytes([0x02, ID_BYTES])


def switch(number: int, ports: int) -> SnmpDevice:
    rows = {
        port: {
            "descr": V2.OctetString(f"GigabitEthernet1/0/{port}"),
            "name": V2.OctetString(f"GE1/0/{port}"),
            "type": V2.Integer(6),
            "speed": V2.Gauge32(1_000_000_000),
            "high_speed": V2.Gauge32(1000),
            "admin": V2.Integer(1),
            "oper": V2.Integer(1 + port % 2),
            "in_octets": V2.Counter32(port * 123_456_789 % 2**32),
            "out_octets": V2.Counter32(port * 987_654_321 % 2**32),
            "hc_in_octets": V2.Counter64(number * 10**12 + port * 123_456_789_012),
            "hc_out_octets": V2.Counter64(number * 10**12 + port * 987_654_321_098),
            "in_errors": V2.Counter32(port),
            "out_errors": V2.Counter32(0),
            "in_discards": V2.Counter32(port * 3),
            "out_discards": V2.Counter32(0),
            "in_broadcasts": V2.Counter32(port * 1000),
            "out_broadcasts": V2.Counter32(port * 5000),
            "hc_in_broadcasts": V2.Counter64(port * 1000),
            "hc_out_broadcasts": V2.Counter64(port * 5000),
            "discontinuity": V2.TimeTicks(0),
        }
        for port in range(1, ports + 1)
    }
    system = {
        "1.3.6.1.2.1.1.1.0": V2.OctetString("Simulated switch"),
        "1.3.6.1.2.1.1.2.0": V2.ObjectIdentifier("1.3.6.1.4.1.25506.1.1"),
        "1.3.6.1.2.1.1.3.0": V2.TimeTicks(123_456_789),
        "1.3.6.1.2.1.1.5.0": V2.OctetString(f"sw{number}"),
    }
    return SnmpDevice({**system, **interface_table(rows)})


def kept(answer: Callable[[bytes], Sequence[bytes]]) -> Answer:
    """`answer`, asked once for each request, whatever its number."""
    known: dict[bytes, bytes] = {}

    def again(data: bytes) -> Sequence[bytes]:
        # After version and community comes the PDU, and in it first the request's number.
        at = data.find(_ID_TAG, 12) + len(_ID_TAG)
        number = data[at : at + ID_BYTES]
        key = data[:at] + data[at + ID_BYTES :]
        if key not in known:
            (made,) = answer(data)
            if made.count(number) != 1:
                return [made]
            known[key] = made
            numbers[key] = number
        return [known[key].replace(numbers[key], number, 1)]

    numbers: dict[bytes, bytes] = {}
    return again


async def _serve(count: int, ports: int) -> None:
    async with AsyncExitStack() as running:
        served = [
            await running.enter_async_context(listening(kept(switch(number, ports))))
            for number in range(count)
        ]
        print(json.dumps(served), flush=True)
        await asyncio.Event().wait()


def serve(count: int, ports: int) -> None:
    """Prints the UDP port of each, as JSON, and serves until the process is ended."""
    asyncio.run(_serve(count, ports))


@contextmanager
def switches(count: int, ports: int) -> Iterator[list[int]]:
    """The UDP ports of as many switches, in another process."""
    command = f"from tests.bench.snmp_switches import serve; serve({count}, {ports})"
    with subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()
