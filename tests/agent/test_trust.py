"""Whom the agent talks to over TLS. Each server here really listens, and counts what it hears."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.certificate import pin_of
from agent.link import Link, UnreachableError
from agent.trust import AUTHORITY_FILE, Trust, TrustError
from collector.tls import authority as ca
from tests.fakes.papers import FILTER, NAMES, NOW, der, foreign_authority, our_authority, serving
from tests.fakes.raw_server import Handler, RawServer, answering, ok

YEAR = timedelta(days=365)


def listening(heard: bytearray) -> Handler:
    """Keeps every byte that arrives after the handshake."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.extend(data)

    return handle


@pytest.fixture
def ours() -> ca.Authority:
    return our_authority()


@pytest.fixture
def tls(tmp_path: Path, ours: ca.Authority) -> ssl.SSLContext:
    return serving(tmp_path, ca.server_pem(ours, NAMES, NOW))


def trusting(authority: ca.Authority, state_dir: Path, *, known: bool = True) -> Trust:
    """An agent that was enrolled with this authority."""
    certificate = der(authority.certificate)
    if known:
        pem = ssl.DER_cert_to_PEM_cert(certificate)
        (state_dir / AUTHORITY_FILE).write_text(pem, "ascii")
    return Trust(pin=pin_of(certificate), path=state_dir / AUTHORITY_FILE)


async def delivered(context: ssl.SSLContext, trust: Trust, *, pushes: int = 1) -> int:
    """How many connections it took; every push was answered."""
    async with RawServer(answering(ok(b"1")), tls=context) as server:
        async with Link(server.url, trust=trust) as link:
            answers = [await link.post("/v1/push", b"x") for _ in range(pushes)]
        assert {answer.status for answer in answers} == {200}
        return server.connections


async def refusal(url: str, trust: Trust) -> UnreachableError:
    async with Link(url, credential="Bearer agent.key", trust=trust) as link:
        with pytest.raises(UnreachableError) as caught:
            await link.post("/v1/push", b"secret readings")
    return caught.value


async def test_one_handshake_serves_push_after_push(
    tmp_path: Path, ours: ca.Authority, tls: ssl.SSLContext
) -> None:
    assert await delivered(tls, trusting(ours, tmp_path), pushes=5) == 1


async def test_authority_is_learnt_by_its_pin_and_kept(
    tmp_path: Path, ours: ca.Authority, tls: ssl.SSLContext
) -> None:
    trust = trusting(ours, tmp_path, known=False)
    assert await delivered(tls, trust) == 2  # one to look, one to talk
    kept = ssl.PEM_cert_to_DER_cert((tmp_path / AUTHORITY_FILE).read_text())
    assert kept == der(ours.certificate)


@pytest.mark.parametrize("known", [True, False], ids=["enrolled", "enrolling"])
async def test_interceptor_hears_nothing_and_is_named(
    tmp_path: Path, ours: ca.Authority, known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    # The certificate is for the right name, and the true authority is in the chain as well.
    forged = ca.server_pem(foreign_authority(), NAMES, NOW) + ours.chain
    heard = bytearray()
    async with RawServer(listening(heard), tls=serving(tmp_path, forged)) as server:
        error = await refusal(server.url, trusting(ours, tmp_path, known=known))
        await asyncio.sleep(0.05)
    assert heard == b""
    assert not error.reached
    for text in (error.text.zh, error.text.en):
        assert FILTER in text
        assert f"127.0.0.1:{server.port}" in text
    assert "放行" in error.text.zh
    assert "exempt" in error.text.en
    assert caplog.text.count(FILTER) == 1


async def test_interceptor_that_the_system_trusts_is_still_a_stranger(
    tmp_path: Path, ours: ca.Authority
) -> None:
    evil = foreign_authority()
    (tmp_path / "system.pem").write_text(evil.chain)
    trust = Trust(
        pin=pin_of(der(ours.certificate)), path=tmp_path / "a", ca_file=tmp_path / "system.pem"
    )
    forged = serving(tmp_path, ca.server_pem(evil, NAMES, NOW))
    heard = bytearray()
    async with RawServer(listening(heard), tls=forged) as server:
        assert FILTER in (await refusal(server.url, trust)).text.en
    assert heard == b""


async def test_the_authority_under_its_own_name_with_another_key_is_a_stranger(
    tmp_path: Path, ours: ca.Authority
) -> None:
    # All that can be copied is copied: subject, extensions, chain. Only the key cannot.
    twin = ca.extended(ca.Authority(ca.new_key(), ours.certificate), NAMES, NOW)
    forged = serving(tmp_path, ca.server_pem(twin, NAMES, NOW) + ours.chain)
    heard = bytearray()
    async with RawServer(listening(heard), tls=forged) as server:
        await refusal(server.url, trusting(ours, tmp_path))
    assert heard == b""


async def test_certificate_for_another_host_says_how_to_mend_it(
    tmp_path: Path, ours: ca.Authority
) -> None:
    other = serving(tmp_path, ca.server_pem(ours, ["collector.example.edu.cn"], NOW))
    heard = bytearray()
    async with RawServer(listening(heard), tls=other) as server:
        error = await refusal(server.url, trusting(ours, tmp_path))
    assert "--renew --name 127.0.0.1" in error.text.en
    assert heard == b""


async def test_expired_certificate_is_refused(tmp_path: Path) -> None:
    ours = our_authority(now=NOW - 2 * YEAR)
    expired = serving(tmp_path, ca.server_pem(ours, NAMES, NOW - 2 * YEAR))
    heard = bytearray()
    async with RawServer(listening(heard), tls=expired) as server:
        error = await refusal(server.url, trusting(ours, tmp_path))
    assert "expired" in error.text.en
    assert heard == b""


@pytest.mark.parametrize("authority_too", [True, False], ids=["long ago", "a year ago"])
async def test_machine_whose_clock_stopped_in_the_past_still_delivers(
    tmp_path: Path, authority_too: bool
) -> None:
    # Seen from a clock that is behind, the certificates are of the future.
    later = datetime(2090, 1, 1, tzinfo=UTC)
    ours = our_authority(now=later if authority_too else NOW)
    future = serving(tmp_path, ca.server_pem(ours, NAMES, NOW + 3 * YEAR))
    if authority_too:
        future = serving(tmp_path, ca.server_pem(ours, NAMES, later))
    assert await delivered(future, trusting(ours, tmp_path))


async def test_stopped_clock_opens_no_door_to_another_authority(
    tmp_path: Path, ours: ca.Authority
) -> None:
    later = NOW + 3 * YEAR
    stranger = serving(tmp_path, ca.server_pem(our_authority(now=later), NAMES, later))
    heard = bytearray()
    async with RawServer(listening(heard), tls=stranger) as server:
        await refusal(server.url, trusting(ours, tmp_path))
    assert heard == b""


async def test_new_certificate_of_the_same_authority_is_followed(
    tmp_path: Path, ours: ca.Authority
) -> None:
    narrow = our_authority(["old.example.edu.cn"])
    wide = ca.extended(narrow, NAMES, NOW)
    trust = trusting(narrow, tmp_path)
    context = serving(tmp_path, ca.server_pem(wide, NAMES, NOW))
    assert await delivered(context, trust)
    kept = ssl.PEM_cert_to_DER_cert((tmp_path / AUTHORITY_FILE).read_text())
    assert kept == der(wide.certificate)


async def test_name_that_the_authority_may_not_sign_for_is_refused(tmp_path: Path) -> None:
    narrow = our_authority(["old.example.edu.cn"])
    beyond = serving(tmp_path, ca.server_pem(narrow, ["127.0.0.1"], NOW))
    heard = bytearray()
    async with RawServer(listening(heard), tls=beyond) as server:
        await refusal(server.url, trusting(narrow, tmp_path))
    assert heard == b""


async def test_two_authorities_overlap(tmp_path: Path, ours: ca.Authority) -> None:
    new = ca.successor(ours, ca.new_key(), NOW)
    newest = ca.successor(new, ca.new_key(), NOW)
    context = serving(tmp_path, ca.server_pem(newest, NAMES, NOW))
    for authority, known in ((ours, True), (new, True), (new, False), (newest, False)):
        (tmp_path / AUTHORITY_FILE).unlink(missing_ok=True)
        assert await delivered(context, trusting(authority, tmp_path, known=known))


async def test_kept_authority_that_is_damaged_is_learnt_again(
    tmp_path: Path, ours: ca.Authority, tls: ssl.SSLContext
) -> None:
    for content in (b"", b"\xff", foreign_authority().chain.encode()):
        (tmp_path / AUTHORITY_FILE).write_bytes(content)
        trust = Trust(pin=pin_of(der(ours.certificate)), path=tmp_path / AUTHORITY_FILE)
        assert await delivered(tls, trust)


async def test_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, ours: ca.Authority, tls: ssl.SSLContext
) -> None:
    trust = Trust(pin=pin_of(der(ours.certificate)), path=tmp_path / "absent" / AUTHORITY_FILE)
    assert await delivered(tls, trust)


# Without a pin


async def test_without_a_pin_ca_file_decides(
    tmp_path: Path, ours: ca.Authority, tls: ssl.SSLContext
) -> None:
    (tmp_path / "ca.pem").write_text(ours.chain)
    assert await delivered(tls, Trust(ca_file=tmp_path / "ca.pem"))


async def test_without_a_pin_the_system_decides_and_names_the_issuer(tmp_path: Path) -> None:
    forged = serving(tmp_path, ca.server_pem(foreign_authority(), NAMES, NOW))
    heard = bytearray()
    async with RawServer(listening(heard), tls=forged) as server:
        error = await refusal(server.url, Trust())
    assert FILTER in error.text.en
    assert heard == b""


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_file_that_cannot_be_used_is_named_at_once(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrustError, match=r"ca\.pem"):
        Link("https://collector.example.edu.cn", trust=Trust(ca_file=path))


# What is no TLS


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["cut", "plain"])
async def test_what_is_no_tls_was_surely_not_reached(
    tmp_path: Path, ours: ca.Authority, said: bytes
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)

    async with RawServer(refuse) as server:
        url = server.url.replace("http:", "https:")
        assert not (await refusal(url, trusting(ours, tmp_path))).reached
