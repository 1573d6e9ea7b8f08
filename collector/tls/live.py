"""The certificate that new connections get, kept up to date while the collector runs."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from collector.tls.names import checked, public
from config.collector_settings import CollectorSettings
from config.loopback import is_loopback
from probes.text import BanjunError, Text

if TYPE_CHECKING:
    from collector.tls.folder import TlsFolder

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""Between looks at the files, and at whether it is time to renew."""


class CertificateError(BanjunError):
    """There is no certificate for an address that others reach, or it cannot be used."""


class LiveCertificate:
    """`context` serves whatever certificate was last read; connections that are open keep theirs.

    Args:
        certificate, key: PEM files; they may be the same one.
        own: the folder that they come from, if they are to be renewed in it.

    Attributes:
        facts: of our own certificate; None of a given one.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        *,
        own: TlsFolder | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._files = (certificate, key)
        self._own = own
        self._now = now
        self.facts = own.facts() if own else None
        self._renew()
        self._seen = self._signature()
        self._current = self._read()
        self.context = self._read()
        # Called in every handshake, with or without a name. To load a certificate into a context
        # that is in use would race with the handshakes.
        self.context.sni_callback = self._serve_current

    def look(self) -> None:
        """Renew our own certificate when it is time, and follow files that have changed."""
        self._renew()
        seen = self._signature()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._current = self._read()
            self.facts = self._own.facts() if self._own else None
        except BanjunError as exc:
            log.error("new certificate not taken, the old one is served on: %s", exc)
        else:
            log.info("certificate read anew from %s", self._files[0])

    def _serve_current(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        connection.context = self._current

    def _renew(self) -> None:
        """What cannot be renewed is served on; there is a third of its life left to mend it."""
        if self._own is None or self.facts is None or self._now() < self.facts.renew_at:
            return
        try:
            self._own.renew(self._now())
            self.facts = self._own.facts()
            log.info("certificate renewed until=%s", self.facts.until.date())
        except (BanjunError, OSError, ValueError) as exc:
            log.error("certificate not renewed until=%s: %s", self.facts.until.date(), exc)

    def _signature(self) -> list[tuple[int, int, int] | None]:
        return [_signature_or_none(path) for path in self._files]

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as exc:
            certificate, key = self._files
            raise CertificateError(
                Text(
                    f"证书 {certificate} 与私钥 {key} 不可用：{exc}。"
                    "请核对两者是一对，且运行采集器的用户可读。",
                    f"Cannot use the certificate {certificate} with the key {key}: {exc}. See that "
                    "they belong together and that the user of the collector may read them.",
                )
            ) from exc
        return context


def live_certificate_or_none(
    settings: CollectorSettings, data_dir: Path, now: Callable[[], datetime]
) -> LiveCertificate | None:
    """The certificate that the settings give, else our own; None for plain HTTP on loopback.

    Raises CertificateError or TlsError.
    """
    if settings.certificate:
        files = Path(settings.certificate), Path(settings.private_key)
        return LiveCertificate(*files, now=now)
    if is_loopback(settings.host):
        return None
    from collector.tls.folder import TlsFolder

    folder = TlsFolder(data_dir)
    if not folder.is_made:
        raise CertificateError(
            Text(
                f"host = “{settings.host}” 不是本机地址，明文 HTTP 只允许在本机上使用。"
                "请先运行 banjun-collector init 建立证书机构，"
                "或在设置里给出 certificate 和 private_key，或使用 127.0.0.1。",
                f"host = {settings.host!r} is not loopback, and plain HTTP is for loopback only. "
                "Run `banjun-collector init` first, which makes an authority of your own; or give "
                "certificate and private_key in the settings, or use 127.0.0.1.",
            )
        )
    live = LiveCertificate(folder.server, folder.server, own=folder, now=now)
    _check_public_url(settings, live)
    return live


def where_it_serves(
    settings: CollectorSettings, live: LiveCertificate | None, host: str, port: int
) -> Mapping[str, str]:
    """For other processes on this machine: `url` it listens on, `public_url` and `pin` for agents.

    The public URL is that of the settings, else one with the first name of our own certificate.
    `pin` is "" where agents are to trust whom their system trusts, or nobody needs to.
    """
    url = _url("http" if live is None else "https", host, port)
    facts = None if live is None else live.facts
    named = _url("https", public(facts.names) or facts.names[0], port) if facts else url
    pin = facts.pin if facts else ""
    return {"url": url, "public_url": settings.public_url or named, "pin": pin}


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _check_public_url(settings: CollectorSettings, live: LiveCertificate) -> None:
    host = urlsplit(settings.public_url).hostname or ""
    names = live.facts.names if live.facts else []
    if host and not set(checked([host])) <= set(names):
        raise CertificateError(
            Text(
                f"public_url 中的 {host} 不在证书里（证书给：{'、'.join(names)}）。"
                f"请运行 banjun-collector init --renew --name {host}",
                f"{host}, of public_url, is not in the certificate (it is for {', '.join(names)}). "
                f"Run banjun-collector init --renew --name {host}",
            )
        )


def _signature_or_none(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
