"""Requests and responses of SNMPv2 (RFC 3416), in pysnmp's types; here they become Python values.

Only the other process loads this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from probes.snmp.values import Oid, Value

MAX_REQUEST_ID = 2**31 - 1
NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2
DENIED = frozenset({6, 16})
"""noAccess, authorizationError."""


class BadAnswerError(Exception):
    """What came is not SNMP, or not an answer to what was asked."""


@dataclass(frozen=True, slots=True)
class Absent:
    """In the place of a value: the device has none (noSuchObject, noSuchInstance, endOfMibView)."""


@dataclass(frozen=True, slots=True)
class Response:
    """`index`: which of the identifiers asked for is at fault, from 1; 0 = none in particular."""

    request_id: int
    error: int
    index: int
    found: Sequence[tuple[Oid, Value | Absent]]


@cache
def protocol() -> Any:
    from pysnmp.proto import api

    return api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]


def get(request_id: int, oids: Sequence[Oid]) -> Any:
    v2 = protocol()
    pdu = v2.GetRequestPDU()
    v2.apiPDU.set_defaults(pdu)
    v2.apiPDU.set_request_id(pdu, request_id)
    v2.apiPDU.set_varbinds(pdu, [(oid, v2.null) for oid in oids])
    return pdu


def get_bulk(request_id: int, oids: Sequence[Oid], repetitions: int) -> Any:
    v2 = protocol()
    pdu = v2.GetBulkRequestPDU()
    v2.apiBulkPDU.set_defaults(pdu)
    v2.apiBulkPDU.set_request_id(pdu, request_id)
    v2.apiBulkPDU.set_max_repetitions(pdu, repetitions)
    v2.apiBulkPDU.set_varbinds(pdu, [(oid, v2.null) for oid in oids])
    return pdu


def read(pdu: Any) -> Response:
    """Raises BadAnswerError for anything but a response."""
    v2 = protocol()
    if pdu.tagSet != v2.ResponsePDU.tagSet:
        raise BadAnswerError(type(pdu).__name__)
    varbinds = v2.apiPDU.get_varbinds(pdu)
    return Response(
        request_id=int(v2.apiPDU.get_request_id(pdu)),
        error=int(v2.apiPDU.get_error_status(pdu)),
        index=int(pdu["error-index"]),  # pysnmp's own reader changes it where variables are missing
        found=[(tuple(name), _value(value)) for name, value in varbinds],
    )


def _value(value: Any) -> Value | Absent:
    from pyasn1.type import univ

    if isinstance(value, univ.Null):  # which is a kind of octets
        return Absent()
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, univ.OctetString):
        return bytes(value.asOctets())
    return tuple(value)
