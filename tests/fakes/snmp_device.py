"""A device that speaks SNMPv2c over UDP, from a table of values; or badly, as a test wants it."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from probes.snmp.values import Oid, oid

V2: Any = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
COMMUNITY = "school"
Answer = Callable[[bytes], Sequence[bytes]]


class SnmpDevice:
    """What it knows, and how it answers one datagram.

    Attributes:
        values: object identifier -> value of one of pysnmp's types.
        most: values in one response; a request for more is answered in part.
        asked: every request that it understood, as (kind of PDU, identifiers).
    """

    def __init__(self, values: Mapping[str, Any], community: str = COMMUNITY) -> None:
        self._values = {oid(name): value for name, value in values.items()}
        self._sorted = sorted(self._values)
        self._community = community.encode()
        self.most = 100
        self.asked: list[tuple[str, list[Oid]]] = []

    def set(self, name: str, value: Any) -> None:
        self._values[oid(name)] = value
        self._sorted = sorted(self._values)

    def __call__(self, data: bytes) -> Sequence[bytes]:
        message, _ = decoder.decode(data, asn1Spec=V2.Message())
        if V2.apiMessage.get_community(message).asOctets() != self._community:
            return []
        request = V2.apiMessage.get_pdu(message)
        names = [tuple(name) for name, _ in V2.apiPDU.get_varbinds(request)]
        self.asked.append((type(request).__name__, names))
        response = V2.apiPDU.get_response(request)
        V2.apiPDU.set_varbinds(response, self.found(request, names))
        V2.apiMessage.set_pdu(message, response)
        return [encoder.encode(message)]

    def found(self, request: Any, names: Sequence[Oid]) -> list[tuple[Oid, Any]]:
        if not request.isSameTypeWith(V2.GetBulkRequestPDU()):
            return [(name, self._values.get(name, V2.NoSuchInstance(""))) for name in names]
        found: list[tuple[Oid, Any]] = []
        heads = list(names)
        for _ in range(int(V2.apiBulkPDU.get_max_repetitions(request))):
            row = [self.after(head) for head in heads]
            found += row
            heads = [name for name, _ in row]
        return found[: self.most]

    def after(self, name: Oid) -> tuple[Oid, Any]:
        at = bisect_right(self._sorted, name)
        if at == len(self._sorted):
            return name, V2.EndOfMibView("")
        return self._sorted[at], self._values[self._sorted[at]]


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for answer in self._answer(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[int]:
    """The port on 127.0.0.1 at which `answer` is asked."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Server(answer), local_addr=("127.0.0.1", 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def settings_of(name: str, port: int, **more: Any) -> dict[str, Any]:
    """A row of the setting `devices`."""
    return {"name": name, "host": "127.0.0.1", "port": port, "community": COMMUNITY, **more}


def interface_table(rows: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Values by object identifier, of rows by ifIndex with columns as probes.snmp.interfaces names
    them."""
    from probes.snmp.interfaces import COLUMNS

    return {
        f"{COLUMNS[column]}.{index}": value
        for index, row in rows.items()
        for column, value in row.items()
    }
