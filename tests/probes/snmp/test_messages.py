"""Whatever comes in a datagram, reading it ends in an answer or in one of the errors declared."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder

from probes.snmp import pdu
from probes.snmp.community import CommunitySpeaker
from probes.snmp.device import Device
from probes.snmp.exchange import LearnedError, SilentError
from probes.snmp.pdu import BadAnswerError
from probes.snmp.user import UserSpeaker
from tests.fakes.snmp_device import COMMUNITY, V2, SnmpDevice

DEVICE = SnmpDevice(
    {
        "1.3.6.1.2.1.1.1.0": V2.OctetString("switch"),
        "1.3.6.1.2.1.1.2.0": V2.ObjectIdentifier("1.3.6.1.4.1.9"),
        "1.3.6.1.2.1.1.3.0": V2.TimeTicks(7),
        "1.3.6.1.2.1.4.20.1.1": V2.IpAddress("10.1.0.2"),
        "1.3.6.1.2.1.31.1": V2.Counter64(2**64 - 1),
    }
)
SPEAKER = CommunitySpeaker(COMMUNITY)
(SOUND,) = DEVICE(SPEAKER.pack(pdu.get_bulk(77, [(1, 3, 6, 1)], 6)))
V3 = Device(name="a", host="10.1.0.2", version="3", user="u", auth="SHA-256", auth_key="12345678")


def test_every_kind_of_value_is_read() -> None:
    response = pdu.read(SPEAKER.unpack(SOUND))
    assert (response.request_id, response.error) == (77, 0)
    assert [value for _, value in response.found] == [
        b"switch", (1, 3, 6, 1, 4, 1, 9), 7, bytes([10, 1, 0, 2]), 2**64 - 1, pdu.Absent(),
    ]  # fmt: skip


def test_request_is_as_the_standard_writes_it() -> None:
    """RFC 1901, RFC 3416: version 1 is v2c; GETBULK is A5 with non-repeaters and repetitions."""
    assert SPEAKER.pack(pdu.get_bulk(1, [(1, 3, 6)], 8)).hex(" ") == (
        "30 20 02 01 01 04 06 73 63 68 6f 6f 6c a5 13 02 01 01 02 01 00 02 01 08 "
        "30 08 30 06 06 02 2b 06 05 00"
    )


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1))
@example([(0, 0xFF)])
def test_changed_answer_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    with suppress(BadAnswerError):
        pdu.read(SPEAKER.unpack(bytes(data)))


@given(st.integers(0, len(SOUND) - 1))
def test_answer_that_is_cut_is_refused(length: int) -> None:
    with pytest.raises(BadAnswerError):
        pdu.read(SPEAKER.unpack(SOUND[:length]))


@given(st.binary(max_size=200))
def test_garbage_is_refused_by_every_version(data: bytes) -> None:
    for speaker in (SPEAKER, UserSpeaker(V3)):
        with pytest.raises(BadAnswerError):
            pdu.read(speaker.unpack(data))


def engine_report(speaker: UserSpeaker, engine: bytes) -> bytes:
    """What an engine answers to the first question of v3."""
    from pyasn1.codec.ber import decoder
    from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
    from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

    asked = speaker.pack(pdu.get(5, [(1, 3, 6)]))
    message, _ = decoder.decode(asked, asn1Spec=SNMPv3Message())
    parameters = UsmSecurityParameters()
    for name, value in (("EngineId", engine), ("EngineBoots", 3), ("EngineTime", 50)):
        parameters[f"msgAuthoritative{name}"] = value
    for name in ("msgUserName", "msgAuthenticationParameters", "msgPrivacyParameters"):
        parameters[name] = b""
    message["msgSecurityParameters"] = encoder.encode(parameters)
    report = V2.ReportPDU()
    V2.apiPDU.set_defaults(report)
    V2.apiPDU.set_varbinds(report, [((1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0), V2.Counter32(1))])
    message["msgData"]["plaintext"]["data"].setComponentByType(report.tagSet, report)
    return bytes(encoder.encode(message))


def test_first_message_of_v3_tells_nothing_of_the_user() -> None:
    device = Device(**{**V3.as_json(), "user": "very-secret-user"})
    assert b"very-secret" not in UserSpeaker(device).pack(pdu.get(5, [(1, 3, 6)]))


def test_engine_is_learned_from_its_report() -> None:
    speaker = UserSpeaker(V3)
    with pytest.raises(LearnedError):
        speaker.unpack(engine_report(speaker, b"\x80\0\0\x09engine"))
    assert (speaker.boots, speaker.engine_time) == (3, 50)
    assert b"\x80\0\0\x09engine" in speaker.pack(pdu.get(5, [(1, 3, 6)]))


def test_engine_whose_identity_is_a_run_of_zeros_can_be_signed_for() -> None:
    speaker, engine = UserSpeaker(V3), b"\x80\0\x63\xa2" + bytes(28)
    with pytest.raises(LearnedError):
        speaker.unpack(engine_report(speaker, engine))
    assert engine in speaker.pack(pdu.get(5, [(1, 3, 6)]))


@pytest.mark.parametrize("engine", [b"", b"\x80\0\0", bytes(40)])
def test_engine_without_an_identity_is_refused(engine: bytes) -> None:
    speaker = UserSpeaker(V3)
    with pytest.raises(BadAnswerError):
        speaker.unpack(engine_report(speaker, engine))


ENGINE = b"\x80\0\0\x09engine"


def taught(level: int | None = None, boots: int = 3, seconds: int = 50) -> UserSpeaker:
    """One that knows the engine; also as the engine itself, with the same keys."""
    speaker = UserSpeaker(V3)
    with pytest.raises(LearnedError):
        speaker.unpack(engine_report(speaker, ENGINE))
    speaker.boots, speaker.engine_time = boots, seconds
    speaker._level = speaker._level if level is None else level
    return speaker


def response() -> Any:
    made = V2.ResponsePDU()
    V2.apiPDU.set_defaults(made)
    return made


def sent_by(engine: UserSpeaker, to: UserSpeaker) -> bytes:
    engine._message_id = to._message_id - 1
    return engine.pack(response())


def test_signed_answer_of_the_engine_is_read() -> None:
    speaker = taught()
    assert speaker.unpack(sent_by(taught(), speaker)).isSameTypeWith(response())


def test_late_answer_to_the_first_try_is_read() -> None:
    speaker = taught()
    first = sent_by(taught(), speaker)
    speaker.pack(pdu.get(5, [(1, 3, 6)]))
    assert speaker.unpack(first).isSameTypeWith(response())


@pytest.mark.parametrize("further", [-1, 9])
def test_answer_to_no_message_of_late_is_refused(further: int) -> None:
    speaker = taught()
    data = sent_by(taught(), speaker)
    speaker._message_id += further
    with pytest.raises(BadAnswerError, match="number"):
        speaker.unpack(data)


def test_answer_without_a_signature_is_refused() -> None:
    speaker = taught()
    with pytest.raises(BadAnswerError, match="security level"):
        speaker.unpack(sent_by(taught(level=0), speaker))


@pytest.mark.parametrize(
    ("boots", "seconds", "is_read"),
    [(3, 1000, True), (3, 900, True), (3, 840, False), (2, 1000, False), (4, 1, True)],
)
def test_answer_that_is_a_recording_of_an_older_one_is_refused(
    boots: int, seconds: int, is_read: bool
) -> None:
    """RFC 3414 section 3.2 (7b): another start, or more than 150 s behind."""
    speaker = taught(boots=3, seconds=1000)
    data = sent_by(taught(boots=boots, seconds=seconds), speaker)
    if is_read:
        assert speaker.unpack(data).isSameTypeWith(response())
    else:
        with pytest.raises(BadAnswerError, match="too old"):
            speaker.unpack(data)


REPORTER = UserSpeaker(V3)
REPORT = engine_report(REPORTER, b"\x80\0\0\x09engine")


@given(st.lists(st.tuples(st.integers(0, len(REPORT) - 1), st.integers(0, 255)), min_size=1))
def test_changed_report_teaches_or_is_refused(changes: list[tuple[int, int]]) -> None:
    speaker = UserSpeaker(V3)
    speaker._message_id = REPORTER._message_id
    data = bytearray(REPORT)
    for at, value in changes:
        data[at] = value
    with suppress(BadAnswerError, LearnedError, SilentError):
        pdu.read(speaker.unpack(bytes(data)))
