"""Whether a name is kept from this machine, and by what means: asked as a browser would.

A name is looked up at the machine's own name servers, and its page is fetched over HTTP or HTTPS.
What came is judged by itself; whose certificate it came with is not.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

from probes.dns_query import DnsAnswer, ask
from probes.http_get import HEAD_BYTES, Head, NoHttpError, encode_request, read_body, read_head
from probes.net import Address, resolve
from probes.refusal import Refusal, RefusedError
from probes.server_certificate import unverified
from probes.stream import connected, stream

_MOST_BYTES = 65_536
_BLOCKED_STATUS = frozenset({403, 451})
_FIRST_ERROR_OF_SERVERS = 500


class How(Enum):
    """OPEN: the page came. The names of the others are the means by which it was kept away."""

    OPEN = "open"
    NXDOMAIN = "nxdomain"
    REFUSED = "refused"
    NO_DATA = "no_data"
    SINKHOLE = "sinkhole"
    RESET = "reset"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    BLOCK_PAGE = "block_page"


class UnknownError(Exception):
    """Neither: `reason` is one of content_filter's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a county gave.

    Attributes:
        address: one at which it is truly found, for a name inside the county's own network; empty
            = any address of the internet.
        text: words on its true page; empty = any page.
        tls: it is fetched over HTTPS, where filters see its name and not the page.
    """

    category: str
    name: str
    address: str = ""
    text: str = ""
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What stands between this machine and a name.

    Attributes:
        servers: name servers, the first that answers is believed.
        lookup_seconds: for all of them together.
        page_seconds: for a page.
    """

    servers: Sequence[str]
    dns_port: int
    http_port: int
    https_port: int
    lookup_seconds: float
    page_seconds: float

    async def look(self, name: Name) -> How:
        """Raises UnknownError and ProbeError."""
        try:
            host = name.name.encode("idna").decode()
            async with asyncio.timeout(self.lookup_seconds):
                found = await self._addresses(name.name)
        except (TimeoutError, ValueError) as exc:  # or DNS cannot carry the name
            raise UnknownError("lookup_failed") from exc
        if isinstance(found, How):
            return found
        if name.address not in found and all(map(is_sinkhole, found)):
            return How.SINKHOLE
        chosen = name.address if name.address in found else found[0]
        port = self.https_port if name.tls else self.http_port
        return await self._page(name, host, await resolve(chosen, port))

    async def _addresses(self, name: str) -> tuple[str, ...] | How:
        """What the first server that answers says."""
        for server in self.servers:
            address = await resolve(server, self.dns_port)
            answer = await _ask(address, name, "A")
            if answer is not None and answer.code == "noerror" and not answer.data:
                answer = await _ask(address, name, "AAAA")
            match answer:
                case DnsAnswer(code="noerror"):
                    return answer.data or How.NO_DATA
                case DnsAnswer(code="nxdomain"):
                    return How.NXDOMAIN
                case DnsAnswer(code="refused"):
                    return How.REFUSED
        raise UnknownError("lookup_failed")

    async def _page(self, name: Name, host: str, address: Address) -> How:
        tls = unverified() if name.tls else None
        try:
            async with (
                asyncio.timeout(self.page_seconds),
                connected(address) as opened,
                stream(opened, limit=HEAD_BYTES, tls=tls, name=host) as (reader, writer),
            ):
                writer.write(encode_request(host, "/"))
                # One byte first: who hangs up without a word has not answered in another tongue.
                head = await read_head(reader, await reader.readexactly(1))
                body = await read_body(reader, head, _MOST_BYTES) if name.text else b""
        except TimeoutError:
            return How.NO_ANSWER
        except RefusedError as exc:
            return How.RESET if exc.refusal is Refusal.NO_SERVICE else How.REJECTED
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLEOFError):
            return How.RESET
        except ssl.SSLError as exc:
            raise UnknownError("tls_failed") from exc
        except NoHttpError as exc:
            raise UnknownError("no_http") from exc
        return judge_page(head, body, name)


def is_sinkhole(address: str) -> bool:
    """Whether nobody on the internet can have this address: private, loopback, unspecified."""
    return not ip_address(address).is_global


async def _ask(address: Address, name: str, record: str) -> DnsAnswer | None:
    answer = await ask(address, name, record, tries=2, timeout=1.0)
    return answer if isinstance(answer, DnsAnswer) else None


def judge_page(head: Head, body: bytes, name: Name) -> How:
    """Raises UnknownError when the server itself is in trouble."""
    if head.status in _BLOCKED_STATUS or leads_elsewhere(head, name.name):
        return How.BLOCK_PAGE
    if head.status >= _FIRST_ERROR_OF_SERVERS:
        raise UnknownError("server_error")
    if name.text and name.text.encode() not in body:
        return How.BLOCK_PAGE
    return How.OPEN


def leads_elsewhere(head: Head, name: str) -> bool:
    """Whether it redirects to another site; from and to `www.` is the same."""
    if not 300 <= head.status < 400:
        return False
    try:
        host = urlsplit(head.headers.get("location", "")).hostname
    except ValueError:
        return True
    return host is not None and _site(host) != _site(name)


def _site(host: str) -> str:
    return host.lower().rstrip(".").removeprefix("www.")
