"""DATA_DIR/tls: our own authority and the certificate that it made for this collector.

Each file is replaced as a whole, and none has to fit another, so a crash between two of them costs
nothing. It loads `cryptography`: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from collector.tls import authority as ca
from config.durable import replace_file
from probes.text import BanjunError, Text

RENEWED_AFTER = 2 / 3
"""Of a certificate's life; the rest is for noticing that renewal fails."""


class TlsError(BanjunError):
    """What lies in DATA_DIR/tls cannot be used."""


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What is served. `pin`: SHA-256 of the authority's public key, hex."""

    names: list[str]
    pin: str
    authority_until: datetime
    until: datetime
    renew_at: datetime


class TlsFolder:
    """Every method but the first raises TlsError for what it cannot use, and OSError.

    Attributes:
        key: the authority's key, and its certificates.
        authority: those certificates alone, for people to hand on.
        server: the collector's key, its certificate, and those of the authority.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "tls"
        self.key = self.folder / "authority.key"
        self.authority = self.folder / "authority.pem"
        self.server = self.folder / "server.pem"

    @property
    def is_made(self) -> bool:
        return self.server.exists()

    def make(self, names: Sequence[str], now: datetime) -> None:
        """Make what is missing, and leave alone what is there."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.server.exists():
            self._mend_copy()
            return
        known = self._read() if self.key.exists() else ca.new_authority(ca.new_key(), names, now)
        self._write(known, names, now)

    def renew(self, now: datetime, names: Sequence[str] = ()) -> None:
        """Another certificate, for the same names unless others are given."""
        self._write(self._read(), names or self.facts().names, now)

    def succeed(self, now: datetime) -> None:
        """Another authority, signed by the one that is there; the old key is then gone."""
        names = self.facts().names
        self._write(ca.successor(self._read(), ca.new_key(), now), names, now)

    def is_due(self, now: datetime) -> bool:
        return now >= self.facts().renew_at

    def facts(self) -> TlsFacts:
        server, authority = self._certificates(self.server)[:2]
        return TlsFacts(
            names=ca.names_of(server),
            pin=ca.pin_of(authority),
            authority_until=authority.not_valid_after_utc,
            until=server.not_valid_after_utc,
            renew_at=_renew_at(server),
        )

    def _write(self, authority: ca.Authority, names: Sequence[str], now: datetime) -> None:
        """The authority gets a new certificate for its same key, if it may not sign for a name or
        is itself old: agents know it by its key and follow."""
        certificate = authority.certificate
        if not ca.may_sign_for(certificate, names) or now >= _renew_at(certificate):
            authority = ca.extended(authority, names, now)
        replace_file(self.key, (ca.key_pem(authority.key) + authority.chain).encode())
        replace_file(self.server, ca.server_pem(authority, names, now).encode())
        replace_file(self.authority, authority.chain.encode())

    def _mend_copy(self) -> None:
        chain = ca.pem(*self._certificates(self.server)[1:])
        if not self.authority.exists() or self.authority.read_text("ascii") != chain:
            replace_file(self.authority, chain.encode())

    def _read(self) -> ca.Authority:
        certificate, *elders = self._certificates(self.key)
        try:
            key = load_pem_private_key(self.key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as exc:
            raise _unusable(self.key, exc) from exc
        if not isinstance(key, ca.Key) or key.public_key() != certificate.public_key():
            raise _unusable(self.key, "key and certificate do not belong together")
        return ca.Authority(key, certificate, tuple(elders))

    def _certificates(self, path: Path) -> list[x509.Certificate]:
        try:
            return x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as exc:
            raise _unusable(path, exc) from exc


def _renew_at(certificate: x509.Certificate) -> datetime:
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return since + (until - since) * RENEWED_AFTER


def _unusable(path: Path, why: object) -> TlsError:
    return TlsError(
        Text(
            f"{path} 不可用：{why}。请以运行采集器的用户执行；文件缺失或损坏时，请从备份恢复。",
            f"Cannot use {path}: {why}. Run this as the user that the collector runs as; "
            "if the file is missing or damaged, restore it from a backup.",
        )
    )
