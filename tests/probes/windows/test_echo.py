from __future__ import annotations

import ctypes
import socket
import threading
import time
from typing import Any

import pytest

from probes.instruments import icmp_echo
from probes.instruments.icmp_echo import IcmpEcho, Settings
from probes.metrics import LOSS_RATIO, REACHABLE
from probes.model import Outcome, ProbeError, Target
from probes.net import Address
from probes.windows import echo
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

HOME = Target("home", "127.0.0.1")
ADDRESS = Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 0))


class Host:
    """Answers as iphlpapi reports it. `status` of each echo in turn; the last one stays."""

    def __init__(self, windows: FakeWindows, *statuses: int, seconds: float = 0.001) -> None:
        self._windows = windows
        self._statuses = list(statuses)
        self._seconds = seconds
        self._lock = threading.Lock()
        self.open = 0
        self.sender = b"\x7f\0\0\1"
        self.garbled = False
        windows.export(
            "iphlpapi",
            IcmpCreateFile=self._create,
            IcmpSendEcho=self._send,
            IcmpCloseHandle=self._close,
        )

    def _create(self) -> int:
        with self._lock:
            self.open += 1
        return 4711

    def _close(self, handle: int) -> int:
        with self._lock:
            self.open -= 1
        return 1

    def _send(
        self, handle: int, number: int, payload: bytes, size: int,
        options: None, room: Any, length: int, milliseconds: int,
    ) -> int:  # fmt: skip
        assert number.to_bytes(4, "little") == b"\x7f\0\0\1"  # network order in memory
        with self._lock:
            status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if status == 11_010:
            time.sleep(milliseconds / 1000)
        else:
            time.sleep(self._seconds)
        if status:
            self._windows.error = status
            return 0
        head = ctypes.sizeof(echo._Reply)
        ctypes.memmove(ctypes.addressof(room) + head, payload[:: -1 if self.garbled else 1], size)
        reply = echo._Reply.from_buffer(room)
        reply.address, reply.status, reply.size = int.from_bytes(self.sender, "little"), 0, size
        reply.data = ctypes.addressof(room) + head
        assert length >= head + size + 8
        return 1


async def test_echoes_are_timed_and_every_handle_closed(windows: FakeWindows) -> None:
    host = Host(windows, 0, seconds=0.02)
    echoes = await echo.exchange(ADDRESS, count=3, interval=0.01, timeout=1)
    assert (echoes.sent, sorted(echoes.times), host.open) == (3, [0, 1, 2], 0)
    assert all(0.02 <= seconds < 1 for seconds in echoes.times.values())


async def test_lost_echo_leaves_a_gap_and_holds_up_no_other(windows: FakeWindows) -> None:
    Host(windows, 0, 11_010, 0)
    started = time.monotonic()
    echoes = await echo.exchange(ADDRESS, count=5, interval=0.02, timeout=0.2)
    assert sorted(echoes.times) == [0, 2, 3, 4]
    assert time.monotonic() - started < 0.6


@pytest.mark.parametrize("who", ["another sender", "other content"])
async def test_answer_that_is_not_ours_does_not_count(who: str, windows: FakeWindows) -> None:
    host = Host(windows, 0)
    if who == "another sender":
        host.sender = b"\x7f\0\0\2"
    else:
        host.garbled = True
    assert (await echo.exchange(ADDRESS, 1, 0.1, 0.2)).times == {}


@pytest.mark.parametrize(
    ("status", "reason"), [(11_050, "no_route"), (1231, "no_route"), (8, "no_socket")]
)
async def test_fault_of_this_machine_is_an_error(
    status: int, reason: str, windows: FakeWindows
) -> None:
    host = Host(windows, status)
    with pytest.raises(ProbeError) as caught:
        await echo.exchange(ADDRESS, 2, 0.01, 0.2)
    assert (caught.value.reason, host.open) == (reason, 0)


@pytest.mark.parametrize(
    ("status", "reason"), [(11_010, "no_reply"), (11_013, "no_reply"), (11_003, "unreachable")]
)
async def test_silent_target_is_a_failed_reading(
    status: int, reason: str, windows: FakeWindows, measure: Measure
) -> None:
    windows.become_the_system(icmp_echo)
    Host(windows, status)
    (reading,) = await measure(IcmpEcho(Settings(count=1, timeout=0.2)), HOME)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


async def test_reading_says_which_way_it_was_taken(windows: FakeWindows, measure: Measure) -> None:
    windows.become_the_system(icmp_echo)
    Host(windows, 0)
    (reading,) = await measure(IcmpEcho(Settings(count=2, interval=0.1)), HOME)
    assert (reading.values[REACHABLE], reading.labels) == (1, {"method": "iphlpapi"})


async def test_ipv6_is_not_guessed_at(windows: FakeWindows) -> None:
    address = Address(socket.AF_INET6, "::1", ("::1", 0, 0, 0))
    with pytest.raises(ProbeError) as caught:
        await echo.exchange(address, 1, 0.1, 0.2)
    assert caught.value.reason == "unsupported_system"
