"""The certificate of a server asked over TLS: is it accepted, and how long is it valid."""

from __future__ import annotations

import asyncio
import os
import ssl
import time

from probes.certificate import BrokenCertificateError, not_after
from probes.net import Address
from probes.refusal import RefusedError
from probes.stream import connected, stream

CERTIFICATE_SECONDS = 3.0
"""For a second connection, which reads a certificate that was not accepted."""
_COMPLAINTS = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    62: "certificate_other_name",
    63: "certificate_other_name",
    64: "certificate_other_name",
}
"""OpenSSL's X509_V_ERR_*; all others are faults of the chain."""


def complaint_about(refused: ssl.SSLCertVerificationError) -> str:
    """Why it was not accepted, as a probe's reason."""
    return _COMPLAINTS.get(refused.verify_code, "certificate_untrusted")


def unverified() -> ssl.SSLContext:
    """For reading a certificate whoever issued it; nothing that matters is sent over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def knows_authorities() -> bool:
    """Whether the system has any: in a file, or in a folder of which OpenSSL reads as it needs."""
    if os.name == "nt":
        return True
    paths = ssl.get_default_verify_paths()
    folder = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
    return bool(
        ssl.create_default_context().cert_store_stats()["x509_ca"]
        or (os.path.isdir(folder) and os.listdir(folder))
    )


def remaining_seconds(writer: asyncio.StreamWriter) -> float | None:
    """Until the certificate of this connection expires, by our clock; None if it is none."""
    connection = writer.get_extra_info("ssl_object")
    certificate = connection.getpeercert(binary_form=True)
    try:
        return not_after(certificate).timestamp() - time.time()
    except BrokenCertificateError:
        return None


async def ask_remaining_seconds(address: Address, host: str) -> float | None:
    """Of a certificate that was not accepted; None if it cannot be read a second time."""
    try:
        async with (
            asyncio.timeout(CERTIFICATE_SECONDS),
            connected(address) as opened,
            stream(opened, tls=unverified(), name=host) as (_, writer),
        ):
            return remaining_seconds(writer)
    except (OSError, RefusedError):  # TimeoutError is an OSError
        return None
