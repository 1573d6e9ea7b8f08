"""SNMPv2c messages (RFC 1901): a version, a community, a PDU. Only the other process loads this."""

from __future__ import annotations

from typing import Any

from probes.snmp.pdu import BadAnswerError, protocol
from probes.snmp.reasons import NO_ANSWER

VERSION_2C = 1


class CommunitySpeaker:
    """How to speak with a device by v2c."""

    boots: int | None = None
    engine_time: int | None = None
    silence = NO_ANSWER

    def __init__(self, community: str) -> None:
        self._community = community.encode()

    def pack(self, pdu: Any) -> bytes:
        from pyasn1.codec.ber import encoder

        v2 = protocol()
        message = v2.Message()
        v2.apiMessage.set_defaults(message)
        v2.apiMessage.set_community(message, self._community)
        v2.apiMessage.set_pdu(message, pdu)
        return bytes(encoder.encode(message))

    def unpack(self, data: bytes) -> Any:
        """The PDU. Raises BadAnswerError for what is no message of this version."""
        v2 = protocol()
        message = decoded(data, v2.Message())
        if int(v2.apiMessage.get_version(message)) != VERSION_2C:
            raise BadAnswerError("another version")
        return v2.apiMessage.get_pdu(message)


def decoded(data: bytes, spec: Any) -> Any:
    """Raises BadAnswerError for what is not that, or only its beginning."""
    from pyasn1.codec.ber import decoder

    try:
        message, _rest = decoder.decode(data, asn1Spec=spec)
    except Exception as exc:
        # pyasn1 also lets IndexError, ValueError and others of its own through.
        raise BadAnswerError(f"{type(exc).__name__}: {exc}") from exc
    if not message.isValue:
        raise BadAnswerError("incomplete")
    return message
