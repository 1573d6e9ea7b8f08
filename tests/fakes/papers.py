"""Authorities and certificates for tests: our own, and those of others who stand in between."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from collector.tls import authority as ca
from collector.tls.names import checked

NOW = datetime.now(UTC)
NAMES = checked(["collector.example.edu.cn"])
FILTER = "某某上网行为管理 Web Filter CA"


def serving(folder: Path, pem: str) -> ssl.SSLContext:
    """A server's context for a key with its chain, as `ca.server_pem` makes it."""
    path = folder / "serving.pem"
    path.write_text(pem, "ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def our_authority(names: list[str] | None = None, now: datetime = NOW) -> ca.Authority:
    return ca.new_authority(ca.new_key(), names or NAMES, now)


def foreign_authority(name: str = FILTER) -> ca.Authority:
    """An authority that signs for any name, as a filter's does."""
    key = ca.new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    return ca.Authority(key, certificate)


def der(certificate: x509.Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ca.pem(certificate))
