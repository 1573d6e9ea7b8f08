"""Makes the certificates of our own authority: pure functions around `cryptography`.

The authority signs for the collector alone: its name constraints (RFC 5280, 4.2.1.10) forbid every
other name, so whoever imports it into a browser risks nothing by it. It has no path length: a key
that follows it is signed by it (`successor`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from collector.tls.names import is_address

AUTHORITY_LIFE = timedelta(days=20 * 365)
SERVER_LIFE = timedelta(days=365)
BACKDATED = timedelta(days=2)
"""For agents whose clock is a little behind."""

_NO_ADDRESS = [x509.IPAddress(ip_network(every)) for every in ("0.0.0.0/0", "::/0")]

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A key, its certificate, and the certificates of those that signed it, if any did."""

    key: Key
    certificate: x509.Certificate
    elders: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> str:
        """PEM, as the collector sends it after its own certificate."""
        return pem(self.certificate, *self.elders)


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(key: Key, names: Sequence[str], now: datetime) -> Authority:
    """Signed by itself, for `names` and what is below them."""
    return Authority(key, _ca_certificate(key, _subject(key), names, now))


def extended(authority: Authority, names: Sequence[str], now: datetime) -> Authority:
    """The same key and pin, for `names` as well, and for another 20 years from now.

    Signed by itself: agents that know only the key before this one do not follow.
    """
    all_names = dict.fromkeys([*permitted(authority.certificate), *names])
    subject = authority.certificate.subject
    certificate = _ca_certificate(authority.key, subject, list(all_names), now)
    return Authority(authority.key, certificate)


def successor(authority: Authority, key: Key, now: datetime) -> Authority:
    """Another key, signed by the old one: agents that pinned the old one follow, new ones pin it.

    The old key is not needed any more.
    """
    names = permitted(authority.certificate)
    certificate = _ca_certificate(key, _subject(key), names, now, signed_by=authority)
    return Authority(key, certificate, (authority.certificate, *authority.elders))


def server_pem(authority: Authority, names: Sequence[str], now: datetime) -> str:
    """A new key, its certificate for `names`, and the authority's chain, in one file."""
    key = new_key()
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        _builder(key, _named("Banjun collector"), authority.certificate.subject)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(now + SERVER_LIFE, authority.certificate.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(_usage(signs=False), True)
        .add_extension(usage, False)
    )
    certificate = _signed(builder, authority.key)
    return key_pem(key) + pem(certificate) + authority.chain


def key_pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def pin_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, in hex."""
    return _pin(certificate.public_key())


def names_of(certificate: x509.Certificate) -> list[str]:
    """What a server certificate is for."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in found]


def permitted(certificate: x509.Certificate) -> list[str]:
    """What an authority may sign for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(each.value).partition("/")[0]  # one address, written as a network of one
        for each in found.permitted_subtrees or ()
    ]


def may_sign_for(certificate: x509.Certificate, names: Sequence[str]) -> bool:
    allowed = permitted(certificate)
    return not allowed or all(
        any(name == one or (not is_address(name) and name.endswith("." + one)) for one in allowed)
        for name in names
    )


def _ca_certificate(
    key: Key,
    subject: x509.Name,
    names: Sequence[str],
    now: datetime,
    signed_by: Authority | None = None,
) -> x509.Certificate:
    issuer = signed_by.certificate.subject if signed_by else subject
    trees = [_general(name, tree=True) for name in names]
    addressed = any(map(is_address, names))  # a kind that is not named at all would be free
    builder = (
        _builder(key, subject, issuer)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .add_extension(_usage(signs=True), True)
        .add_extension(x509.NameConstraints(trees, None if addressed else _NO_ADDRESS), True)
    )
    return _signed(builder, signed_by.key if signed_by else key)


def _builder(key: Key, subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(identifier, False)
    )


def _signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(by, False).sign(key, hashes.SHA256())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(key: Key) -> x509.Name:
    """Two authorities are told apart by the beginning of their pins."""
    return _named(f"Banjun authority {_pin(key.public_key())[:8]}")


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Banjun"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _general(name: str, *, tree: bool = False) -> x509.GeneralName:
    if not is_address(name):
        return x509.DNSName(name)
    return x509.IPAddress(ip_network(name) if tree else ip_address(name))


def _pin(key: object) -> str:
    assert isinstance(key, ec.EllipticCurvePublicKey)
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()


def pem(*certificates: x509.Certificate) -> str:
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in certificates)
