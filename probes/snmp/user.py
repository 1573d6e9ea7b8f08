"""SNMPv3 messages with the user-based security model (RFC 3412, RFC 3414).

The forms of messages are pysnmp's. Its engine is not used: it tells nobody why a datagram was
dropped, and takes more time and memory. Only the other process loads this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from probes.snmp.community import decoded
from probes.snmp.device import Device
from probes.snmp.exchange import LearnedError, SilentError
from probes.snmp.keys import Keys
from probes.snmp.pdu import MAX_REQUEST_ID, BadAnswerError, protocol
from probes.snmp.reasons import (
    BAD_ANSWER,
    NO_ANSWER,
    NOT_IN_TIME,
    UNKNOWN_USER,
    UNSUPPORTED_LEVEL,
    WRONG_KEY,
    WRONG_PRIVACY,
)
from probes.snmp.values import Oid

VERSION_3, USM = 3, 3
AUTH, PRIVACY, REPORTABLE = 1, 2, 4
MAX_MESSAGE = 65507
WINDOW_SECONDS = 150
"""RFC 3414 section 2.2.3."""
LAST_BOOT = 2**31 - 1
"""An engine that arrived there authenticates nothing until it is set up anew."""
ENGINE_ID_BYTES = range(5, 33)
RECENT = 8
"""Messages back to which an answer may be."""

_USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_UNKNOWN_ENGINE: Oid = (*_USM_STATS, 4, 0)
_NOT_IN_TIME: Oid = (*_USM_STATS, 2, 0)
_FATAL: Mapping[Oid, str] = {
    (*_USM_STATS, 1, 0): UNSUPPORTED_LEVEL,
    (*_USM_STATS, 3, 0): UNKNOWN_USER,
    (*_USM_STATS, 5, 0): WRONG_KEY,
    (*_USM_STATS, 6, 0): WRONG_KEY,  # it could not decrypt
}


@dataclass(frozen=True, slots=True)
class _Security:
    """A message's security parameters, and by its flags, how it is protected."""

    level: int
    engine: bytes
    boots: int
    seconds: int
    user: bytes
    digest: bytes
    salt: Any


class UserSpeaker:
    """How to speak with a device by v3. Identity and time of its engine are learned from reports,
    so the first message carries no request yet."""

    def __init__(self, device: Device) -> None:
        self._user, self._context = device.user.encode(), device.context.encode()
        self._device = device
        self._level = (AUTH if device.auth else 0) | (PRIVACY if device.privacy else 0)
        self._engine = b""
        self._keys: Keys | None = None
        self._message_id = int.from_bytes(os.urandom(3), "big")
        self.boots: int | None = None
        self.engine_time: int | None = None
        self._told_at = 0.0
        self.silence = NO_ANSWER

    def pack(self, pdu: Any) -> bytes:
        from pyasn1.codec.ber import encoder

        self._message_id = self._message_id % MAX_REQUEST_ID + 1
        if self._keys is None:
            blank = _Security(0, b"", 0, 0, b"", b"", b"")
            return bytes(encoder.encode(self._message(blank, _scoped(b"", b"", _no_request(pdu)))))
        boots, seconds = self._now()
        scoped, salt = _scoped(self._engine, self._context, pdu), b""
        if self._level & PRIVACY:
            scoped, salt = self._keys.encrypt(encoder.encode(scoped), boots, seconds)
        # Stands for the digest until it is known where in the message that is.
        mark = os.urandom(self._keys.digest_bytes)
        security = _Security(self._level, self._engine, boots, seconds, self._user, mark, salt)
        message = bytes(encoder.encode(self._message(security, scoped)))
        return self._keys.sign(message, mark) if mark else message

    def _message(self, security: _Security, scoped: Any) -> Any:
        from pyasn1.codec.ber import encoder

        message = _message_form()
        message["msgVersion"] = VERSION_3
        header = message["msgGlobalData"]
        header["msgID"] = self._message_id
        header["msgMaxSize"] = MAX_MESSAGE
        header["msgFlags"] = bytes([security.level | REPORTABLE])
        header["msgSecurityModel"] = USM
        message["msgSecurityParameters"] = encoder.encode(_parameters(security))
        kind = "encryptedPDU" if security.level & PRIVACY else "plaintext"
        message["msgData"][kind] = scoped
        return message

    def _now(self) -> tuple[int, int]:
        """Boots and time of the engine."""
        if self.boots is None or self.engine_time is None:
            return 0, 0
        return self.boots, self.engine_time + int(monotonic() - self._told_at)

    def unpack(self, data: bytes) -> Any:
        """The PDU of a response. Raises BadAnswerError, LearnedError, SilentError."""
        message = decoded(data, _message_form())
        security = self._security(message)
        if security.level & AUTH and not (
            self._keys and self._keys.is_signed(data, security.digest)
        ):
            raise BadAnswerError("wrong signature")
        pdu = self._pdu(message["msgData"], security)
        if pdu.tagSet == protocol().ReportPDU.tagSet:
            self._reported(pdu, security)
        if self._keys is None or security.level != self._level:
            raise BadAnswerError("another security level")
        if security.engine != self._engine or security.user != self._user:
            raise BadAnswerError("another engine or user")
        if security.level & AUTH:
            self._check_time(security)
        self.silence = NO_ANSWER
        return pdu

    def _security(self, message: Any) -> _Security:
        header = message["msgGlobalData"]
        if int(message["msgVersion"]) != VERSION_3 or int(header["msgSecurityModel"]) != USM:
            raise BadAnswerError("another version or security model")
        # Also of an earlier try; the request's own number tells those of other requests apart.
        if not 0 <= self._message_id - int(header["msgID"]) < RECENT:
            raise BadAnswerError("another message's number")
        found = decoded(bytes(message["msgSecurityParameters"].asOctets()), _parameters_form())
        return _Security(
            level=header["msgFlags"].asOctets()[0] & (AUTH | PRIVACY),
            engine=bytes(found["msgAuthoritativeEngineId"].asOctets()),
            boots=int(found["msgAuthoritativeEngineBoots"]),
            seconds=int(found["msgAuthoritativeEngineTime"]),
            user=bytes(found["msgUserName"].asOctets()),
            digest=bytes(found["msgAuthenticationParameters"].asOctets()),
            salt=found["msgPrivacyParameters"],
        )

    def _pdu(self, content: Any, security: _Security) -> Any:
        is_hidden = bool(security.level & PRIVACY)
        if is_hidden != (content.getName() == "encryptedPDU"):
            raise BadAnswerError("encrypted otherwise than it says")
        if not is_hidden:
            return content["plaintext"]["data"].getComponent()
        if security.level != self._level or self._keys is None:
            raise BadAnswerError("another security level")
        hidden, salt = content["encryptedPDU"], security.salt
        clear = self._keys.decrypt(hidden, security.boots, security.seconds, salt)
        return decoded(clear, _scoped_form())["data"].getComponent()

    def _check_time(self, security: _Security) -> None:
        """That it is no recording of an older answer (RFC 3414 section 3.2, 7b)."""
        known, now = self._now()
        is_later = security.boots > known
        is_recent = security.boots == known and security.seconds >= now - WINDOW_SECONDS
        if not is_later and not is_recent:
            raise BadAnswerError("too old")
        self._tell_time(security)

    def _reported(self, pdu: Any, security: _Security) -> None:
        """A report is never an answer: this always raises."""
        found = protocol().apiPDU.get_varbinds(pdu)
        about = tuple(found[0][0]) if found else ()
        if about == _UNKNOWN_ENGINE:
            self._learn_engine(security)
        if about == _NOT_IN_TIME:
            self._learn_time(security)
        if about in _FATAL:
            raise SilentError(_FATAL[about])
        raise BadAnswerError(f"report {about}")

    def _learn_engine(self, security: _Security) -> None:
        if len(security.engine) not in ENGINE_ID_BYTES or security.engine == self._engine:
            raise BadAnswerError("no engine ID")
        self._engine = security.engine
        self._keys = Keys(self._device, security.engine)
        if self._level & PRIVACY:
            # Some engines drop what they cannot decrypt, without a word.
            self.silence = WRONG_PRIVACY
        self._tell_time(security)
        raise LearnedError(BAD_ANSWER)

    def _learn_time(self, security: _Security) -> None:
        """Only from a report that is signed, and once: what is refused with the engine's own time
        will be refused again."""
        known, now = self._now()
        is_new = security.boots != known or abs(security.seconds - now) > 1
        if not security.level & AUTH or not is_new or security.boots == LAST_BOOT:
            raise SilentError(NOT_IN_TIME)
        self._tell_time(security)
        raise LearnedError(NOT_IN_TIME)

    def _tell_time(self, security: _Security) -> None:
        self.boots, self.engine_time = security.boots, security.seconds
        self._told_at = monotonic()


def _scoped(engine: bytes, context: bytes, pdu: Any) -> Any:
    scoped = _scoped_form()
    scoped["contextEngineId"] = engine
    scoped["contextName"] = context
    scoped.setComponentByPosition(2)
    scoped["data"].setComponentByType(
        pdu.tagSet, pdu, verifyConstraints=False, matchTags=False, matchConstraints=False
    )
    return scoped


def _no_request(pdu: Any) -> Any:
    """One that asks for nothing, in the place of `pdu`."""
    v2 = protocol()
    empty = v2.GetRequestPDU()
    v2.apiPDU.set_defaults(empty)
    v2.apiPDU.set_request_id(empty, v2.apiPDU.get_request_id(pdu))
    return empty


def _parameters(security: _Security) -> Any:
    form = _parameters_form()
    form["msgAuthoritativeEngineId"] = security.engine
    form["msgAuthoritativeEngineBoots"] = security.boots
    form["msgAuthoritativeEngineTime"] = security.seconds
    form["msgUserName"] = security.user
    form["msgAuthenticationParameters"] = security.digest
    form["msgPrivacyParameters"] = security.salt
    return form


def _parameters_form() -> Any:
    from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

    return UsmSecurityParameters()


def _message_form() -> Any:
    from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message

    return SNMPv3Message()


def _scoped_form() -> Any:
    from pysnmp.proto.mpmod.rfc3412 import ScopedPDU

    return ScopedPDU()
