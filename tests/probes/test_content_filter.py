"""Against dnsmasq as the school's resolver, and web servers on loopback as sites and filters."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from probes import resolvers
from probes.instruments import content_filter
from probes.instruments.content_filter import BLOCKED, MOST_NAMES, ContentFilter, Settings
from probes.model import LOCAL, Outcome, ProbeError, Reading, SettingError, parse_settings
from tests.fakes.certificate import make_certificate
from tests.fakes.raw_server import Handler, RawServer, answering, ok
from tests.lab.daemon import free_port
from tests.lab.resolver import dnsmasq
from tests.probes.conftest import Measure

pytestmark = pytest.mark.server("dnsmasq")
SITE, PORTAL, HANGS_UP, SILENT, BABBLER, NOBODY, CUT_OFF = (f"127.0.1.{n}" for n in range(1, 8))
RECORDS = (
    "--local=/test/",
    f"--host-record=open.test,{SITE}",
    f"--host-record=portal.test,{PORTAL}",
    f"--host-record=hangs-up.test,{HANGS_UP}",
    f"--host-record=silent.test,{SILENT}",
    f"--host-record=babbler.test,{BABBLER}",
    f"--host-record=nobody.test,{NOBODY}",
    f"--host-record=cut-off.test,{CUT_OFF}",
    "--host-record=only6.test,::",
    "--address=/sink.test/0.0.0.0",
    "--address=/inside.test/192.168.1.1",
    "--txt-record=nothing.test,words",
)
TRUE_PAGE = ok(b"true")
BLOCKED_PAGE = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/blocked\r\n\r\n"


@pytest.fixture(scope="module")
def resolver() -> Iterator[int]:
    with dnsmasq(*RECORDS) as port:
        yield port


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def stay_silent(*_: object) -> None:
    await asyncio.sleep(30)


async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-dropbear\r\n\r\n\r\n")
    await writer.drain()


HANDLERS: dict[str, Handler] = {
    SITE: answering(TRUE_PAGE),
    PORTAL: answering(BLOCKED_PAGE),
    HANGS_UP: hang_up,
    SILENT: stay_silent,
    BABBLER: babble,
}


class Web:
    """Sites on loopback, all on one port, of which a test leaves out some."""

    def __init__(self, resolver: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.port = free_port()
        self.down: set[str] = set()
        monkeypatch.setattr(content_filter, "HTTP_PORT", self.port)
        monkeypatch.setattr(resolvers, "PORT", resolver)
        monkeypatch.setattr(resolvers, "in_use", lambda: ["127.0.0.1"])

    async def look(self, measure: Measure, *names: Mapping[str, object]) -> dict[str, Reading]:
        given = {"names": list(names), "timeout": 0.5}
        probe = ContentFilter(parse_settings(Settings, given, "content_filter"))
        async with AsyncExitStack() as stack:
            for address, handler in HANDLERS.items():
                if address not in self.down:
                    server = RawServer(handler, host=address)
                    server.port = self.port
                    await stack.enter_async_context(server)
            readings = await measure(probe)
        return {reading.labels["name"]: reading for reading in readings}


@pytest.fixture
def web(resolver: int, monkeypatch: pytest.MonkeyPatch) -> Web:
    return Web(resolver, monkeypatch)


def harmful(name: str, address: str = "", text: str = "") -> dict[str, str]:
    found = {"category": "gambling", "name": name, "address": address, "text": text}
    return {key: value for key, value in found.items() if value}


CONTROL = {"category": "open", "name": "open.test", "address": SITE, "text": "true"}
TRIED = {
    "gone.test": (harmful("gone.test"), "nxdomain"),
    "elsewhere.example": (harmful("elsewhere.example"), "refused"),
    "nothing.test": (harmful("nothing.test"), "no_data"),
    "sink.test": (harmful("sink.test"), "sinkhole"),
    "inside.test": (harmful("inside.test"), "sinkhole"),
    "only6.test": (harmful("only6.test"), "sinkhole"),
    "portal.test": (harmful("portal.test", PORTAL), "block_page"),
    "hangs-up.test": (harmful("hangs-up.test", HANGS_UP), "reset"),
    "nobody.test": (harmful("nobody.test", NOBODY), "reset"),
    "silent.test": (harmful("silent.test", SILENT), "no_answer"),
}


async def test_each_means_of_blocking_is_told_apart(web: Web, measure: Measure) -> None:
    found = await web.look(measure, CONTROL, *(table for table, _ in TRIED.values()))
    assert {name: r.labels["how"] for name, r in found.items()} == {
        "open.test": "open", **{name: how for name, (_, how) in TRIED.items()},
    }  # fmt: skip
    assert {name: r.values for name, r in found.items()} == {
        "open.test": {BLOCKED: 0}, **{name: {BLOCKED: 1} for name in TRIED},
    }  # fmt: skip
    assert found["sink.test"].labels["category"] == "gambling"


async def test_name_that_must_open_may_be_blocked_in_error(web: Web, measure: Measure) -> None:
    also = {"category": "open", "name": "portal.test", "address": PORTAL}
    found = await web.look(measure, CONTROL, also)
    assert found["open.test"].values == {BLOCKED: 0}
    assert found["portal.test"].values == {BLOCKED: 1}


async def cut_off_by_name(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a filter does that sees the name in the first message of TLS."""
    assert b"cut-off.test" in await reader.read(2048)
    writer.transport.abort()


async def refuse_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2048)
    writer.write(b"\x15\x03\x03\x00\x02\x02\x28")  # a fatal alert: handshake failure
    await writer.drain()


async def test_filter_of_https_is_seen(
    web: Web, measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page counts, and not that the filter shows it with a certificate of its own."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*make_certificate(tmp_path))
    port = free_port()
    monkeypatch.setattr(content_filter, "HTTPS_PORT", port)
    servers = [
        RawServer(answering(TRUE_PAGE), tls=tls, host=SITE),
        RawServer(answering(BLOCKED_PAGE), tls=tls, host=PORTAL),
        RawServer(cut_off_by_name, host=CUT_OFF),
        RawServer(refuse_tls, host=NOBODY),
    ]
    tried = [
        {**CONTROL, "tls": True},
        {**harmful("portal.test", PORTAL), "tls": True},
        {**harmful("cut-off.test", CUT_OFF), "tls": True},
        {**harmful("nobody.test", NOBODY), "tls": True},
    ]
    async with AsyncExitStack() as stack:
        for server in servers:
            server.port = port
            await stack.enter_async_context(server)
        found = await web.look(measure, *tried)
    assert {name: (r.labels["how"], r.reason) for name, r in found.items()} == {
        "open.test": ("open", ""), "portal.test": ("block_page", ""),
        "cut-off.test": ("reset", ""), "nobody.test": ("-", "tls_failed"),
    }  # fmt: skip


async def test_internet_that_is_gone_is_no_filter(web: Web, measure: Measure) -> None:
    web.down.add(SITE)
    found = await web.look(measure, CONTROL, harmful("gone.test"), harmful("sink.test"))
    assert {(r.outcome, r.reason) for r in found.values()} == {(Outcome.NOT_RUN, "no_internet")}
    assert {r.labels["how"] for r in found.values()} == {"-"}


async def test_portal_in_place_of_every_page_is_no_filter(web: Web, measure: Measure) -> None:
    control = {"category": "open", "name": "portal.test", "address": PORTAL}
    found = await web.look(measure, control, harmful("hangs-up.test", HANGS_UP))
    assert {r.reason for r in found.values()} == {"no_internet"}


async def test_answer_that_is_no_page_is_not_known(web: Web, measure: Measure) -> None:
    found = await web.look(measure, CONTROL, harmful("babbler.test", BABBLER))
    assert (found["babbler.test"].outcome, found["babbler.test"].reason) == (
        Outcome.NOT_RUN, "no_http",
    )  # fmt: skip


async def test_resolver_that_is_silent_blocks_nothing(
    web: Web, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers, "PORT", free_port())
    found = await web.look(measure, CONTROL, harmful("gone.test"))
    assert {r.reason for r in found.values()} == {"no_internet"}


async def test_second_resolver_is_asked_when_the_first_is_silent(
    web: Web, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers, "in_use", lambda: ["127.0.0.99", "127.0.0.1"])
    found = await web.look(measure, CONTROL, harmful("gone.test"))
    assert found["gone.test"].labels["how"] == "nxdomain"


@pytest.mark.parametrize(
    ("names", "reason"), [((), "no_names"), ((harmful("a.test"),), "no_control")]
)
async def test_without_names_or_control_nothing_is_tried(
    names: tuple[dict[str, str], ...], reason: str
) -> None:
    with pytest.raises(ProbeError) as caught:
        await ContentFilter(Settings(names=names)).measure(LOCAL)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "wrong",
    [
        "a.test",
        {"name": "a.test"},
        {"category": "x", "name": "a b"},
        {"category": "", "name": "a.test"},
        {"category": "x" * 65, "name": "a.test"},
        {"category": "x", "name": 5},
        {"category": "x", "name": "a.test", "path": "/"},
        {"category": "x", "name": "a.test", "tls": "yes"},
    ],
)
def test_table_that_is_wrong_is_refused_by_its_number(wrong: object) -> None:
    with pytest.raises(SettingError, match="number 2"):
        parse_settings(Settings, {"names": [CONTROL, wrong]}, "content_filter")


def test_address_and_words_may_be_left_empty() -> None:
    Settings(names=({"category": "x", "name": "a.test", "address": "", "text": ""},))


def test_names_must_differ_and_there_are_not_too_many() -> None:
    with pytest.raises(SettingError, match="differ"):
        Settings(names=(CONTROL, CONTROL))
    with pytest.raises(SettingError, match="at most"):
        Settings(names=tuple(harmful(f"n{n}.test") for n in range(MOST_NAMES + 1)))


def test_it_says_where_it_sends() -> None:
    assert ContentFilter(Settings(names=(CONTROL,))).reaches() == ["open.test"]


def test_longest_run_ends_before_the_deadline() -> None:
    names = tuple(harmful(f"n{n}.test") for n in range(MOST_NAMES))
    slowest = ContentFilter(Settings(names=names, timeout=5))
    assert slowest.longest_seconds() < ContentFilter.deadline_seconds


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(ContentFilter)
