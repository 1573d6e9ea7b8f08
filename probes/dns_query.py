"""One question to one name server: over UDP, and over TCP when the answer does not fit.

It is no resolver: it follows no referral and keeps no cache. dnspython does the bytes.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING

from probes.datagram import DatagramSocket
from probes.net import Address
from probes.refusal import Refusal, RefusedError
from probes.stream import connected, stream

if TYPE_CHECKING:
    from dns.message import Message

_ADVERTISED_BYTES = 1232
"""Of an answer over UDP: what passes every path unfragmented (DNS flag day 2020)."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What a server said.

    Attributes:
        code: the response code in lower case, such as noerror, nxdomain, servfail, refused.
        data: each record of the wanted type as text, sorted, at the end of any aliases.
        ttl: the least time to live in the answer, aliases included; None without a record.
        seconds: from the first question to this answer.
    """

    code: str
    data: tuple[str, ...]
    ttl: int | None
    seconds: float

    @property
    def records(self) -> int:
        return len(self.data)


def encode_question(name: str, record: str) -> Message:
    """A recursive question with a random identifier. Raises ValueError for what is no name."""
    import dns.exception
    import dns.message

    try:
        question = dns.message.make_query(name, record, payload=_ADVERTISED_BYTES)
    except dns.exception.DNSException as exc:
        raise ValueError(f"{name!r}: {exc}") from exc
    question.id = secrets.randbits(16)
    return question


def decode_answer(data: bytes, question: Message) -> Message | None:
    """None for what does not answer `question`, or is no DNS at all."""
    import dns.exception
    import dns.message

    try:
        answer = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
    return answer if question.is_response(answer) else None


def read_answer(answer: Message, record: str) -> tuple[str, tuple[str, ...], int | None]:
    """(code, records of the type `record`, the least time to live) of an answer."""
    import dns.rcode
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(record)
    sets = [found for found in answer.answer if found.rdtype in (wanted, dns.rdatatype.CNAME)]
    data = sorted(one.to_text() for found in sets if found.rdtype == wanted for one in found)
    ttl = min(found.ttl for found in sets) if data else None
    return dns.rcode.to_text(answer.rcode()).lower(), tuple(data), ttl


async def ask(
    address: Address, name: str, record: str, tries: int, timeout: float
) -> DnsAnswer | Refusal | None:
    """None when no try was answered; each may take `timeout` seconds.

    Raises ProbeError when this machine cannot send, ValueError for what is no name.
    """
    question = encode_question(name, record)
    started = perf_counter_ns()
    refusal = None
    with DatagramSocket(address) as opened:
        for _ in range(tries):
            try:
                async with asyncio.timeout(timeout):
                    answer, arrived = await _exchange(opened, question)
            except TimeoutError:
                continue
            except RefusedError as exc:
                refusal = exc.refusal
                continue
            if not _is_cut(answer):
                seconds = (arrived - started) / 1e9
                return DnsAnswer(*read_answer(answer, record), seconds)
            return await _over_tcp(address, question, record, timeout, started)
    return refusal


async def _exchange(opened: DatagramSocket, question: Message) -> tuple[Message, int]:
    opened.send(question.to_wire())
    while True:
        data, arrived = await opened.receive()
        if answer := decode_answer(data, question):
            return answer, arrived


def _is_cut(answer: Message) -> bool:
    import dns.flags

    return bool(answer.flags & dns.flags.TC)


async def _over_tcp(
    address: Address, question: Message, record: str, timeout: float, started: int
) -> DnsAnswer | Refusal | None:
    try:
        async with (
            asyncio.timeout(timeout),
            connected(address) as opened,
            stream(opened) as (reader, writer),
        ):
            writer.write(question.to_wire(prepend_length=True))
            size = int.from_bytes(await reader.readexactly(2), "big")
            answer = decode_answer(await reader.readexactly(size), question)
    except RefusedError as exc:
        return exc.refusal
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None
    if answer is None:
        return None
    seconds = (perf_counter_ns() - started) / 1e9
    return DnsAnswer(*read_answer(answer, record), seconds)
