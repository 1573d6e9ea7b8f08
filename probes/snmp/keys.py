"""The keys of a v3 user at one engine, and what is done with them.

Key derivation and ciphers are pysnmp's (RFC 3414, RFC 3826, RFC 7860). Signing is the standard
library's: pysnmp looks for the first run of zeros in a message to put its digest there, and some
engine identities are such a run. Only the other process loads this.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import cache
from typing import Any

from probes.model import ProbeError
from probes.snmp.device import Device
from probes.snmp.pdu import BadAnswerError
from probes.snmp.values import Oid

_AUTH: Oid = (1, 3, 6, 1, 6, 3, 10, 1, 1)
HASHES: Mapping[str, tuple[str, int, Oid]] = {
    "MD5": ("md5", 12, (*_AUTH, 2)),
    "SHA-1": ("sha1", 12, (*_AUTH, 3)),
    "SHA-224": ("sha224", 16, (*_AUTH, 4)),
    "SHA-256": ("sha256", 24, (*_AUTH, 5)),
    "SHA-384": ("sha384", 32, (*_AUTH, 6)),
    "SHA-512": ("sha512", 48, (*_AUTH, 7)),
}
"""Name in hashlib, bytes of the digest in a message, and the protocol's identifier."""
_PRIVACY: Oid = (1, 3, 6, 1, 6, 3, 10, 1, 2)
_CISCO: Oid = (1, 3, 6, 1, 4, 1, 9, 12, 6, 1)
CIPHERS: Mapping[str, Oid] = {
    "DES": (*_PRIVACY, 2),
    "AES-128": (*_PRIVACY, 4),
    "AES-192": (*_CISCO, 1),
    "AES-256": (*_CISCO, 2),
    "AES-192-C": (*_CISCO, 101),
    "AES-256-C": (*_CISCO, 102),
}
"""As pysnmp identifies them."""


class Keys:
    """Raises ProbeError("no_source") when a cipher is wanted and `cryptography` is missing."""

    def __init__(self, device: Device, engine: bytes) -> None:
        self._auth, self._privacy = device.auth, device.privacy
        if self._auth:
            self._auth_key = bytes(_auth_key(device.auth, device.auth_key, engine))
        if self._privacy:
            _require_ciphers()
            self._privacy_key = _privacy_key(
                device.privacy, device.auth, device.privacy_key, engine
            )

    @property
    def digest_bytes(self) -> int:
        return HASHES[self._auth][1] if self._auth else 0

    def sign(self, message: bytes, digest: bytes) -> bytes:
        """`message` with `digest`, wherever it stands, replaced by what signs the whole."""
        head, found, tail = message.partition(digest)
        if not found:
            raise BadAnswerError("no signature")
        blank = head + bytes(len(digest)) + tail
        signature = hmac.new(self._auth_key, blank, HASHES[self._auth][0]).digest()
        return head + signature[: len(digest)] + tail

    def is_signed(self, message: bytes, digest: bytes) -> bool:
        """Whether `digest`, which stands in `message`, is what signs it."""
        if not self._auth or len(digest) != self.digest_bytes:
            return False
        return hmac.compare_digest(self.sign(message, digest), message)

    def encrypt(self, data: bytes, boots: int, seconds: int) -> tuple[bytes, bytes]:
        """With the salt that goes into the message."""
        cipher = _services().PRIV_SERVICES[CIPHERS[self._privacy]]
        hidden, salt = cipher.encrypt_data(self._privacy_key, (boots, seconds, None), data)
        return bytes(hidden.asOctets()), bytes(salt.asOctets())

    def decrypt(self, hidden: Any, boots: int, seconds: int, salt: Any) -> bytes:
        """Raises BadAnswerError."""
        cipher = _services().PRIV_SERVICES[CIPHERS[self._privacy]]
        try:
            return bytes(cipher.decrypt_data(self._privacy_key, (boots, seconds, salt), hidden))
        except Exception as exc:
            raise BadAnswerError(f"cannot be decrypted: {type(exc).__name__}") from exc


def _services() -> Any:
    from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel

    return SnmpUSMSecurityModel


def _require_ciphers() -> None:
    from pysnmp.proto.secmod.rfc3826.priv import aes

    if aes.PysnmpCryptoError:
        raise ProbeError("no_source", "cryptography")


def _octets(data: bytes) -> Any:
    from pyasn1.type import univ

    return univ.OctetString(data)


@cache
def _of_passphrase(auth: str, passphrase: str) -> Any:
    """A megabyte is hashed for it, and many devices share a passphrase."""
    return _services().AUTH_SERVICES[HASHES[auth][2]].hash_passphrase(passphrase.encode())


def _auth_key(auth: str, passphrase: str, engine: bytes) -> Any:
    service = _services().AUTH_SERVICES[HASHES[auth][2]]
    return service.localize_key(_of_passphrase(auth, passphrase), _octets(engine)).asOctets()


def _privacy_key(privacy: str, auth: str, passphrase: str, engine: bytes) -> Any:
    service = _services().PRIV_SERVICES[CIPHERS[privacy]]
    return service.localize_key(HASHES[auth][2], _of_passphrase(auth, passphrase), _octets(engine))
