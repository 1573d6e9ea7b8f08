"""Whom the agent takes for its collector, and how a TLS connection to nobody else is opened.

With a pin, trust is in one key: that of the collector's own authority, whose pin came with the
enrolment string. OpenSSL then verifies the chain with that authority as its only anchor, and the
host name as ever. Without a pin, the system's authorities decide, or `ca_file`.

Over a connection that does not pass, nothing is sent: not even a request line.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from pathlib import Path

from agent.certificate import issuer_of, pin_of
from agent.connection import Connection, connect
from config.durable import replace_file
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)

AUTHORITY_FILE = "authority.pem"
_EXPIRED, _NOT_YET_VALID, _WRONG_NAME, _WRONG_ADDRESS = 10, 9, 62, 64
"""Of OpenSSL's x509_vfy.h: X509_V_ERR_..."""
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of the same file; the ssl module has no name for it."""


class TrustError(BanjunError):
    """The authority that is to be trusted cannot be read."""


class StrangerError(BanjunError):
    """What answers is not proven to be the collector. Nothing was sent to it."""


class Trust:
    """Whom to trust.

    Args:
        pin: of the key of the collector's authority; "" = the system's authorities, or `ca_file`.
        path: where the certificate of that authority is kept; None = nowhere. It is public, and
            only spares a handshake: what counts is its key, so the authority may renew it.
        ca_file: PEM; only where there is no pin.
    """

    def __init__(
        self, *, pin: str = "", path: Path | None = None, ca_file: Path | None = None
    ) -> None:
        self.pin = pin
        self._path = path
        self._ca_file = ca_file
        self._system: ssl.SSLContext | None = None
        self.authority = None if path is None or not pin else _read_or_none(path, pin)

    def context(self) -> ssl.SSLContext | None:
        """None while the certificate of the pinned authority is not known. Raises TrustError."""
        if self.pin:
            return None if self.authority is None else _anchored(self.authority)
        if self._system is None:
            self._system = _of_system(self._ca_file)
        return self._system

    def adopt(self, authority: bytes) -> None:
        """Trust this certificate of the pinned key from now on, and keep it."""
        self.authority = authority
        if self._path is not None:
            try:
                self.keep(self._path)
            except OSError as exc:
                log.warning("authority not kept path=%s why=%s", self._path, exc)

    def keep(self, path: Path) -> None:
        """Write the authority's certificate, if one is known. Raises OSError."""
        if self.authority is not None:
            replace_file(path, ssl.DER_cert_to_PEM_cert(self.authority).encode())


async def open_trusted(host: str, port: int, trust: Trust) -> Connection:
    """A connection to nobody but the collector. Raises StrangerError, TrustError, or OSError."""
    refusal = None
    if (context := trust.context()) is not None:
        try:
            return await _verified(host, port, context, trust.authority)
        except ssl.SSLCertVerificationError as exc:
            refusal = exc
    # Who is it then? And has the authority a new certificate for the pinned key?
    chain = await _look(host, port)
    found = _pinned_or_none(chain, trust.pin)
    if found is not None and found != trust.authority:
        try:
            connection = await _verified(host, port, _anchored(found), found)
        except ssl.SSLCertVerificationError as exc:
            refusal = exc
        else:
            trust.adopt(found)
            return connection
    raise StrangerError(_refused(f"{host}:{port}", chain, trust.pin, refusal))


async def _verified(
    host: str, port: int, context: ssl.SSLContext, anchor: bytes | None
) -> Connection:
    try:
        return await connect(host, port, context)
    except ssl.SSLCertVerificationError as exc:
        if anchor is None or exc.verify_code != _NOT_YET_VALID:
            raise
    # The pinned key has signed this already, so it is the clock of this machine that is behind: an
    # empty battery is no reason to be silent. What has expired is still refused, because this way
    # is taken only for a certificate from the future.
    return await connect(host, port, _anchored(anchor, check_time=False))


def _anchored(authority: bytes, *, check_time: bool = True) -> ssl.SSLContext:
    """Trusts what this one certificate, DER, has signed, for the host name that is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # An anchor that an older authority has signed is an anchor all the same.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not check_time:
        context.verify_flags |= _NO_CHECK_TIME
    context.load_verify_locations(cadata=authority)
    return context


async def _look(host: str, port: int) -> list[bytes]:
    """The chain that is presented there. The handshake is all that happens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = await connect(host, port, context)
    try:
        return connection.presented()
    finally:
        connection.abort()


def _of_system(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise TrustError(
            Text(f"证书机构文件 {ca_file} 不可用：{exc}。", f"Cannot use {ca_file}: {exc}.")
        ) from exc


def _read_or_none(path: Path, pin: str) -> bytes | None:
    """The certificate that is kept; a file that is not of the pinned key counts as absent."""
    try:
        authority = ssl.PEM_cert_to_DER_cert(path.read_text("ascii"))
        return authority if pin_of(authority) == pin else None
    except (OSError, ValueError) as exc:
        log.info("authority is learnt again path=%s why=%s", path, exc)
        return None


def _pinned_or_none(chain: Sequence[bytes], pin: str) -> bytes | None:
    """The chain is unverified, and need not be: OpenSSL then asks what this key has signed."""
    for certificate in chain:
        try:
            if pin and pin_of(certificate) == pin:
                return certificate
        except ValueError:
            continue  # Of what kind it is, is nothing to us.
    return None


def _refused(
    address: str, chain: Sequence[bytes], pin: str, refusal: ssl.SSLCertVerificationError | None
) -> Text:
    """What was met there, and what to do about it."""
    issuer, code = _issuer(chain), None if refusal is None else refusal.verify_code
    if not pin or _pinned_or_none(chain, pin) is not None:
        if code == _EXPIRED:
            return _expired(address)
        if code in (_WRONG_NAME, _WRONG_ADDRESS):
            return _other_name(address)
    if pin:
        whose = Text("不是采集器的证书机构", "which is not the collector's authority")
    else:
        whose = Text("本机不信任它", "which this machine does not trust")
    return Text(
        f"{address} 出示的证书由{issuer.zh}签发，{whose.zh}；"
        "可能是学校的上网过滤设备在截获加密连接。密钥和读数都没有发出。"
        f"请让过滤设备对 {address} 放行、不解密；如果采集器换了证书机构，请用新的注册串重新注册。",
        f"The certificate that {address} presents was issued by {issuer.en}, {whose.en}; perhaps a "
        "web filter of the school intercepts TLS. No key and no reading was sent. "
        f"Let the filter exempt {address} from inspection; if the collector has a new authority, "
        "enrol again with a new string.",
    )


def _issuer(chain: Sequence[bytes]) -> Text:
    try:
        name = issuer_of(chain[0]) if chain else ""
    except ValueError:
        name = ""
    if not name:
        return Text("没有写明的机构", "an authority without a name")
    return Text(f"“{name}”", f'"{name}"')


def _expired(address: str) -> Text:
    return Text(
        f"{address} 的证书已过期，或本机时钟偏快；密钥和读数都没有发出。"
        "请核对本机时间；时间无误时，请在采集器上运行 banjun-collector init 查看证书。",
        f"The certificate of {address} has expired, or the clock of this machine is ahead; no key "
        "and no reading was sent. Check the time here; if it is right, see what "
        "`banjun-collector init` says on the collector.",
    )


def _other_name(address: str) -> Text:
    host = address.rpartition(":")[0]
    return Text(
        f"{address} 的证书不是给这个地址的；密钥和读数都没有发出。请在采集器上运行 "
        f"banjun-collector init --renew --name {host}，或用证书里的地址重新注册。",
        f"The certificate of {address} is not for this address; no key and no reading was sent. On "
        f"the collector run `banjun-collector init --renew --name {host}`, or enrol again with an "
        "address that it is for.",
    )
