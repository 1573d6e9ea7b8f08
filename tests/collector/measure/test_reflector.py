from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collector.measure.reflector import (
    BURST_PACKETS,
    MOST_ADDRESSES,
    NOTICES_PER_SECOND,
    WEEKS_AHEAD,
    WEEKS_BACK,
    Reflector,
)
from probes.jitter import SMALLEST_BYTES, Key, Kind, Packet, decode, is_signed, week_of

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
THERE = "10.0.0.1"
SECOND = 10**9


@pytest.fixture
def reflector() -> Reflector:
    return Reflector(b"secret", lambda: NOW)


def key_of(reflector: Reflector, at: datetime = NOW) -> Key:
    return Key.parse(reflector.key(at))


def request(key: Key, sequence: int = 5, filling: bytes = b"") -> bytes:
    return Packet(Kind.REQUEST, key.week, sequence, 77, 123).encode(key, filling)


def kind_of(reply: bytes | None) -> Kind | None:
    packet = decode(reply) if reply is not None else None
    return packet.kind if packet else None


def test_signed_packet_comes_back_stamped_signed_and_no_longer(reflector: Reflector) -> None:
    key = key_of(reflector)
    sent = request(key, filling=b"0123456789")
    reply = reflector.answer(sent, THERE, received=42)
    assert reply is not None
    assert len(reply) == len(sent)
    assert reply.endswith(b"0123456789")
    assert is_signed(reply, key)
    packet = decode(reply)
    assert packet is not None
    assert (packet.kind, packet.sequence, packet.session) == (Kind.REPLY, 5, 77)
    assert (packet.sent, packet.received) == (123, 42)
    assert packet.replied > packet.received


@pytest.mark.parametrize(
    ("weeks", "kind"),
    [
        (0, Kind.REPLY),
        (-WEEKS_BACK, Kind.REPLY),
        (-WEEKS_BACK - 1, Kind.REFUSED),
        (WEEKS_AHEAD, Kind.REPLY),
        (WEEKS_AHEAD + 1, Kind.REFUSED),
    ],
)
def test_key_lasts_some_weeks(weeks: int, kind: Kind, reflector: Reflector) -> None:
    key = key_of(reflector, NOW + timedelta(weeks=weeks))
    assert kind_of(reflector.answer(request(key), THERE, 0)) is kind


def test_key_of_another_collector_is_refused_shortly(reflector: Reflector) -> None:
    stranger = Key.derive(b"other", week_of(NOW))
    reply = reflector.answer(request(stranger, filling=bytes(500)), THERE, 0)
    assert kind_of(reply) is Kind.REFUSED
    assert reply is not None
    assert len(reply) == SMALLEST_BYTES


@pytest.mark.parametrize("kind", [Kind.REPLY, Kind.REFUSED, Kind.BUSY])
def test_reply_is_never_answered_so_two_reflectors_cannot_play_ball(
    kind: Kind, reflector: Reflector
) -> None:
    key = key_of(reflector)
    reply = Packet(kind, key.week, 0, 1, 2).encode(key, b"")
    assert reflector.answer(reply, THERE, 0) is None


def test_noise_is_met_with_silence(reflector: Reflector) -> None:
    assert reflector.answer(b"GET / HTTP/1.1\r\n\r\n" * 9, THERE, 0) is None


def test_refusals_are_few_however_many_ask(reflector: Reflector) -> None:
    stranger = Key.derive(b"other", week_of(NOW))
    replies = [reflector.answer(request(stranger), f"10.0.0.{n % 250}", 0) for n in range(500)]
    assert sum(reply is not None for reply in replies) == NOTICES_PER_SECOND


def test_one_address_is_told_that_it_asks_too_much_and_others_are_not(
    reflector: Reflector,
) -> None:
    key, most = key_of(reflector), int(BURST_PACKETS)
    kinds = [kind_of(reflector.answer(request(key), THERE, 0)) for _ in range(most + 1)]
    assert set(kinds[:most]) == {Kind.REPLY}
    assert kinds[most] is Kind.BUSY
    assert kind_of(reflector.answer(request(key), "10.0.0.2", 0)) is Kind.REPLY
    assert kind_of(reflector.answer(request(key), THERE, SECOND)) is Kind.REPLY


def test_addresses_that_are_remembered_are_bounded(reflector: Reflector) -> None:
    key = key_of(reflector)
    for n in range(MOST_ADDRESSES + 50):
        reflector.answer(request(key), str(n), 0)
    assert len(reflector._addresses) == MOST_ADDRESSES


def test_reflector_without_a_secret_does_not_start() -> None:
    with pytest.raises(ValueError, match="secret"):
        Reflector(b"", lambda: NOW)
