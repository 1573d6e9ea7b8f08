"""The certificate of a running collector, seen through real connections."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector.tls.folder import TlsFolder
from collector.tls.live import (
    CertificateError,
    LiveCertificate,
    live_certificate_or_none,
    where_it_serves,
)
from collector.tls.names import checked
from config.collector_settings import CollectorSettings
from tests.fakes.papers import NOW
from tests.fakes.raw_server import RawServer, answering, ok

NAMES = checked(["banjun.example.edu.cn"])


class Calendar:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def folder(tmp_path: Path) -> TlsFolder:
    made = TlsFolder(tmp_path)
    made.make(NAMES, NOW)
    return made


@pytest.fixture
def live(folder: TlsFolder, calendar: Calendar) -> LiveCertificate:
    return LiveCertificate(folder.server, folder.server, own=folder, now=calendar)


@asynccontextmanager
async def serving(live: LiveCertificate) -> AsyncIterator[int]:
    async with RawServer(answering(ok(b"1")), tls=live.context) as server:
        yield server.port


async def connected(port: int, name: str | None = None) -> ssl.SSLSocket:
    """A client that takes any certificate; `name` is the one it asks for (SNI)."""

    def connect() -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", port), 5)
        return context.wrap_socket(plain, server_hostname=name)

    return await asyncio.to_thread(connect)


async def presented(port: int, name: str | None = None) -> bytes:
    with await connected(port, name) as client:
        return client.getpeercert(binary_form=True) or b""


async def test_renewed_certificate_goes_to_new_connections_at_once(
    live: LiveCertificate, calendar: Calendar
) -> None:
    async with serving(live) as port:
        old = await presented(port)
        with await connected(port) as client:
            calendar.now += timedelta(days=244)  # two thirds of a year, and no sooner
            live.look()
            assert await presented(port) != old
            assert await presented(port, "banjun.example.edu.cn") == await presented(port)
            # A connection that is open goes on.
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert (await asyncio.to_thread(client.recv, 100)).startswith(b"HTTP/1.1 200")
            assert client.getpeercert(binary_form=True) == old
        assert live.facts is not None
        assert live.facts.until > NOW + timedelta(days=500)


async def test_certificate_stays_while_it_is_young(
    live: LiveCertificate, calendar: Calendar
) -> None:
    async with serving(live) as port:
        old = await presented(port)
        calendar.now += timedelta(days=200)
        live.look()
        assert await presented(port) == old


async def test_certificate_that_is_old_at_the_start_is_renewed_before_it_is_served(
    folder: TlsFolder, calendar: Calendar
) -> None:
    old = folder.server.read_bytes()
    calendar.now += timedelta(days=400)
    LiveCertificate(folder.server, folder.server, own=folder, now=calendar)
    assert folder.server.read_bytes() != old


async def test_collector_serves_on_when_it_cannot_renew(
    live: LiveCertificate,
    folder: TlsFolder,
    calendar: Calendar,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder.key.unlink()
    calendar.now += timedelta(days=300)
    async with serving(live) as port:
        old = await presented(port)
        live.look()
        assert await presented(port) == old
    assert "not renewed" in caplog.text
    assert "authority.key" in caplog.text


@pytest.fixture
def given_files(tmp_path: Path, folder: TlsFolder) -> tuple[Path, Path]:
    """A certificate and a key in files of their own, as another authority gives them."""
    certificate, key = tmp_path / "given.pem", tmp_path / "given.key"
    copy_given(folder, certificate, key)
    return certificate, key


def copy_given(folder: TlsFolder, certificate: Path, key: Path) -> None:
    private, mark, rest = folder.server.read_text().partition("-----BEGIN CERTIFICATE")
    key.write_text(private)
    certificate.write_text(mark + rest)


async def test_given_certificate_is_followed_when_its_files_change(
    folder: TlsFolder, given_files: tuple[Path, Path], calendar: Calendar
) -> None:
    live = LiveCertificate(*given_files, now=calendar)
    async with serving(live) as port:
        old = await presented(port)
        folder.renew(NOW)
        copy_given(folder, *given_files)
        live.look()
        assert await presented(port) != old


async def test_files_that_do_not_fit_yet_are_left_until_they_do(
    tmp_path: Path,
    folder: TlsFolder,
    given_files: tuple[Path, Path],
    calendar: Calendar,
    caplog: pytest.LogCaptureFixture,
) -> None:
    certificate, key = given_files
    live = LiveCertificate(certificate, key, now=calendar)
    folder.renew(NOW)
    copy_given(folder, certificate, tmp_path / "later.key")
    async with serving(live) as port:
        old = await presented(port)
        live.look()
        assert await presented(port) == old
        assert "served on" in caplog.text
        shutil.move(tmp_path / "later.key", key)
        live.look()
        assert await presented(port) != old


# Which certificate, if any


def settings(**given: object) -> CollectorSettings:
    return CollectorSettings(**given)  # type: ignore[arg-type]


def test_loopback_needs_none(tmp_path: Path, folder: TlsFolder) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        assert live_certificate_or_none(settings(host=host), tmp_path, lambda: NOW) is None


def test_any_other_address_without_one_says_run_init(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="banjun-collector init") as caught:
        live_certificate_or_none(settings(host="0.0.0.0"), tmp_path, lambda: NOW)
    assert "banjun-collector init" in caught.value.text.zh


def test_given_one_comes_before_our_own(
    tmp_path: Path, folder: TlsFolder, given_files: tuple[Path, Path]
) -> None:
    certificate, key = map(str, given_files)
    given = settings(host="0.0.0.0", certificate=certificate, private_key=key)
    live = live_certificate_or_none(given, tmp_path, lambda: NOW)
    assert live is not None
    assert live.facts is None
    assert where_it_serves(given, live, "0.0.0.0", 1)["pin"] == ""


def test_given_one_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("nonsense")
    path = str(tmp_path / "c.pem")
    with pytest.raises(CertificateError, match=r"c\.pem"):
        live_certificate_or_none(
            settings(certificate=path, private_key=path), tmp_path, lambda: NOW
        )


def test_public_url_that_the_certificate_is_not_for_is_refused(
    tmp_path: Path, folder: TlsFolder
) -> None:
    wrong = settings(host="0.0.0.0", public_url="https://other.example.edu.cn:8421")
    with pytest.raises(CertificateError, match="--renew --name other"):
        live_certificate_or_none(wrong, tmp_path, lambda: NOW)


def test_agents_are_told_the_first_name_unless_the_settings_have_another(
    tmp_path: Path, folder: TlsFolder
) -> None:
    plain = settings(host="0.0.0.0")
    live = live_certificate_or_none(plain, tmp_path, lambda: NOW)
    assert where_it_serves(plain, live, "0.0.0.0", 8421) == {
        "url": "https://0.0.0.0:8421",
        "public_url": "https://banjun.example.edu.cn:8421",
        "pin": folder.facts().pin,
    }
    named = settings(host="0.0.0.0", public_url="https://banjun.example.edu.cn")
    assert where_it_serves(named, live, "0.0.0.0", 8421)["public_url"] == named.public_url


def test_no_address_names_every_interface(tmp_path: Path) -> None:
    TlsFolder(tmp_path).make(checked(["localhost"]), NOW)
    plain = settings(host="0.0.0.0")
    live = live_certificate_or_none(plain, tmp_path, lambda: NOW)
    assert where_it_serves(plain, live, "0.0.0.0", 8421)["public_url"] == "https://localhost:8421"
