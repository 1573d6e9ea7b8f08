from __future__ import annotations

from probes.lan.heard import Heard, Times, sort_of
from tests.probes.lan import built


def test_frame_that_comes_again_is_kept_once_with_its_times() -> None:
    found = Heard()
    assert [found.add(frame) for frame in (b"a" * 60, b"b" * 60, b"a" * 60)] == [True, True, False]
    assert found.frames == {b"a" * 60: Times(2, 1, 3), b"b" * 60: Times(1, 2, 2)}
    assert found.missed == 0


def test_more_different_frames_than_fit_are_counted() -> None:
    found = Heard(most_of_a_sort=3)
    kept = [found.add(b"\x00" * 12 + b"\x08\x06" + bytes([n] * 4)) for n in range(5)]
    assert kept == [True, True, True, False, False]
    assert (len(found.frames), found.missed) == (3, 2)


def test_sorts_are_few_whatever_is_in_a_frame() -> None:
    one, other = built.request("10.0.0.1", built.ONE), built.reply("10.0.0.2", built.OTHER)
    assert sort_of(one) == sort_of(other)
    mdns = built.datagram(built.dns_answer("a"), sport=5353)
    assert sort_of(mdns) != sort_of(built.dhcp())
    assert sort_of(mdns) == sort_of(built.datagram(built.dns_answer("b"), sport=5353))
    assert sort_of(built.advert()) == sort_of(built.neighbour("fe80::7", built.ONE))


def test_what_nobody_looks_for_never_pushes_out_what_matters() -> None:
    found = Heard(most_of_a_sort=20)
    for port in range(1000, 1100):
        found.add(built.datagram(b"x", sport=port))
    for kind in range(100):
        found.add(b"\x00" * 12 + b"\x88" + bytes([kind]) + b"\x00" * 46)
    assert (len(found.frames), found.missed) == (20, 180)
    assert found.add(built.reply("10.0.0.1", built.OTHER))
    assert found.add(built.dhcp())
    assert found.add(built.advert())
