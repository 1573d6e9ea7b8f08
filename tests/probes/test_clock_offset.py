"""Against chronyd, which is a real time server and never sets a clock here; and some liars."""

from __future__ import annotations

import os
import pwd
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from probes.instruments.clock_offset import (
    DELAY_SECONDS,
    OFFSET_SECONDS,
    ROOT_DISPERSION_SECONDS,
    STRATUM_COUNT,
    ClockOffset,
    Settings,
)
from probes.metrics import LOSS_RATIO, REACHABLE
from probes.model import Outcome, Target
from probes.ntp import PACKET_BYTES, encode_request
from tests.lab.daemon import daemon, free_port
from tests.lab.udp import silence, udp_peer
from tests.probes.conftest import Measure

USER = pwd.getpwuid(os.geteuid()).pw_name
QUICK = Settings(exchanges=2, interval=0.1, timeout=0.2)
CONFIG = """
port {port}
bindaddress 127.0.0.1
allow 127.0.0.1
cmdport 0
pidfile {folder}/chronyd.pid
{local}
"""


@pytest.fixture(params=["local stratum 5", ""], ids=["synchronised", "unsynchronised"])
def chronyd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """It has no source of its own; with `local` it says that its clock is good all the same."""
    port = free_port(socket.SOCK_DGRAM)
    config = tmp_path / "chrony.conf"
    config.write_text(CONFIG.format(port=port, folder=tmp_path, local=request.param))
    # -x: it never sets the clock; -U: it need not be root; -d: it stays in the foreground
    program = ["chronyd", "-x", "-U", "-d", "-u", USER, "-f", str(config)]
    with daemon(program, lambda: answers(port)):
        yield Target("clock", "127.0.0.1", port)


def answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(encode_request(os.urandom(8)))
            return len(asking.recv(100)) >= PACKET_BYTES
        except OSError:
            return False


@pytest.mark.server("chronyd")
@pytest.mark.parametrize("chronyd", ["local stratum 5"], indirect=True)
async def test_clock_agrees_with_a_server_on_the_same_machine(
    chronyd: Target, measure: Measure
) -> None:
    (reading,) = await measure(ClockOffset(Settings(interval=0.1)), chronyd)
    assert reading.outcome is Outcome.OK
    assert (reading.values[REACHABLE], reading.values[LOSS_RATIO]) == (1, 0)
    assert abs(reading.values[OFFSET_SECONDS]) < 0.01
    assert 0 < reading.values[DELAY_SECONDS] < 0.1
    assert reading.values[STRATUM_COUNT] == 5
    assert reading.values[ROOT_DISPERSION_SECONDS] >= 0


@pytest.mark.server("chronyd")
@pytest.mark.parametrize("chronyd", ["local stratum 5"], indirect=True)
@pytest.mark.parametrize("wrong_by", [-1_795_392_000, 3600], ids=["1970", "an hour fast"])
async def test_wrong_clock_is_measured_and_not_the_servers_failure(
    wrong_by: int, chronyd: Target, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + wrong_by * 10**9)
    (reading,) = await measure(ClockOffset(QUICK), chronyd)
    assert reading.outcome is Outcome.OK
    assert reading.values[OFFSET_SECONDS] == pytest.approx(-wrong_by, abs=0.05)
    assert reading.values[DELAY_SECONDS] < 0.1


@pytest.mark.server("chronyd")
@pytest.mark.parametrize("chronyd", [""], indirect=True)
async def test_server_whose_own_clock_is_not_set_gives_no_offset(
    chronyd: Target, measure: Measure
) -> None:
    (reading,) = await measure(ClockOffset(QUICK), chronyd)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "unsynchronised")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 0}


def reply(request: bytes, stratum: int = 2, reference: bytes = b"", origin: bytes = b"") -> bytes:
    head = struct.pack("!BBbbII4s", 0x24, stratum, 6, -20, 0, 100, reference)
    now = int((time.time() + 2_208_988_800) * 2**32)
    return head + bytes(8) + (origin or request[40:48]) + struct.pack("!QQ", now, now)


@pytest.mark.parametrize(("code", "reason"), [(b"RATE", "kiss_rate"), (b"DENY", "kiss_deny")])
async def test_kiss_of_death_ends_the_run(code: bytes, reason: str, measure: Measure) -> None:
    requests: list[bytes] = []

    def kiss(request: bytes) -> Iterable[bytes]:
        requests.append(request)
        yield reply(request, stratum=0, reference=code)

    async with udp_peer(kiss) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert len(requests) == 1


async def test_forged_answers_do_not_count(measure: Measure) -> None:
    async with udp_peer(lambda request: [reply(request, origin=b"guessed!")]) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "origin_mismatch")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


async def test_true_answer_counts_though_a_forged_one_came_first(measure: Measure) -> None:
    def both(request: bytes) -> Iterable[bytes]:
        forged = bytearray(reply(request, origin=b"guessed!"))
        forged[32:48] = bytes(16)  # it says that it is 1900
        return (bytes(forged), b"noise", reply(request))

    async with udp_peer(both) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert reading.outcome is Outcome.OK
    assert abs(reading.values[OFFSET_SECONDS]) < 1


async def test_server_with_absurd_stamps_gives_a_delay_within_the_round_trip(
    measure: Measure,
) -> None:
    def absurd(request: bytes) -> Iterable[bytes]:
        return [reply(request)[:40] + struct.pack("!Q", 1)]

    async with udp_peer(absurd) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert 0 <= reading.values[DELAY_SECONDS] < 1


async def test_late_answer_is_lost_and_not_taken_for_a_forged_one(measure: Measure) -> None:
    kept: list[bytes] = []

    def one_behind(request: bytes) -> Iterable[bytes]:
        yield from (reply(earlier) for earlier in kept)
        kept[:] = [request]

    async with udp_peer(one_behind) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert (reading.reason, reading.values[LOSS_RATIO]) == ("no_answer", 1)


async def test_port_that_drops_has_not_answered(measure: Measure) -> None:
    async with udp_peer(silence) as port:
        (reading,) = await measure(ClockOffset(QUICK), Target("x", "127.0.0.1", port))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_answer")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


async def test_closed_port_has_no_service(measure: Measure) -> None:
    target = Target("x", "127.0.0.1", free_port(socket.SOCK_DGRAM))
    (reading,) = await measure(ClockOffset(QUICK), target)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_service")


@pytest.mark.server("chronyd")
def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(ClockOffset)
