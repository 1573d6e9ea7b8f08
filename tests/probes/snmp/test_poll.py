"""The process that talks, against devices that really listen; some misbehave, others go on."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from probes.snmp.answer import Answer, Wanted, answer_from_json, wanted_as_json
from probes.snmp.device import Device
from probes.snmp.poll import answer
from tests.fakes.snmp_device import V2, SnmpDevice, listening, settings_of
from tests.fakes.snmp_device import Answer as Answers

DESCRIPTION, TABLE = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.2.2.1"
WANTED = Wanted(
    scalars={"descr": DESCRIPTION, "missing": "1.3.6.1.2.1.1.9.0"},
    tables={"ports": {"name": f"{TABLE}.2", "octets": f"{TABLE}.10"}},
    most_rows=500,
)
PORTS = 28
ROOT = Path(__file__).parents[3]
HASTY = {"timeout": 0.5}
"""For devices that keep silent; on a busy machine a sound one may take longer than this."""
UNKNOWN_VERSION = bytes.fromhex("3029020104") + bytes(38)


def sound(ports: int = PORTS) -> SnmpDevice:
    values: dict[str, Any] = {DESCRIPTION: V2.OctetString("switch")}
    for port in range(1, ports + 1):
        values[f"{TABLE}.2.{port}"] = V2.OctetString(f"GE0/{port}")
        values[f"{TABLE}.10.{port}"] = V2.Counter32(port * 1000)
    return SnmpDevice(values)


async def ask(rows: Sequence[dict[str, Any]], **limits: Any) -> dict[str, Answer]:
    question = {
        "devices": [Device(**row).as_json() for row in rows],
        "wanted": wanted_as_json(WANTED),
        "timeout": 5.0, "tries": 2, "at_once": 64, "device_seconds": 20.0, "run_seconds": 30.0,
        **limits,
    }  # fmt: skip
    told = await asyncio.to_thread(answer, question)
    return {name: answer_from_json(data) for name, data in told.items()}


async def one(device: Answers, **limits: Any) -> Answer:
    """What is made of a device, beside a sound one that must be read in full."""
    async with listening(device) as port, listening(sound()) as beside:
        rows = [settings_of("it", port), settings_of("beside", beside)]
        answers = await ask(rows, **limits)
    assert len(answers["beside"].tables["ports"].rows) == PORTS
    return answers["it"]


def garbling(change: Callable[[bytes], Sequence[bytes]], device: SnmpDevice) -> Answers:
    """A device whose every answer is changed on the way."""
    return lambda data: [changed for made in device(data) for changed in change(made)]


async def test_scalars_and_tables_come_back() -> None:
    found = await one(sound())
    assert found.reason == ""
    assert found.scalars == {"descr": b"switch"}
    rows = found.tables["ports"].rows
    assert list(rows) == [(port,) for port in range(1, PORTS + 1)]
    assert rows[3,] == {"name": b"GE0/3", "octets": 3000}
    assert found.tables["ports"].end == ""
    assert found.seconds is not None
    assert 0 < found.seconds < 5


async def test_columns_are_walked_together() -> None:
    device = sound()
    await one(device)
    kinds = [kind for kind, _ in device.asked]
    assert kinds == ["GetRequestPDU", "GetBulkRequestPDU"]  # 29 rows fit one request


async def test_device_with_room_for_little_is_read_in_full() -> None:
    device = sound()
    device.most = 3
    assert len((await one(device)).tables["ports"].rows) == PORTS


async def test_wrong_community_looks_like_silence() -> None:
    device = SnmpDevice({DESCRIPTION: V2.OctetString("switch")}, community="another")
    assert (await one(device, **HASTY)).reason == "no_answer"


async def test_lost_request_is_sent_again() -> None:
    device, lost = sound(), []

    def losing(data: bytes) -> Sequence[bytes]:
        if data not in lost:
            lost.append(data)
            return []
        return device(data)

    found = await one(losing, **HASTY)
    assert len(found.tables["ports"].rows) == PORTS
    assert found.seconds is None  # it cannot be told which of the two was answered


async def test_port_where_nothing_listens_is_told_from_silence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        port = opened.getsockname()[1]
    (found,) = (await ask([settings_of("it", port)])).values()
    assert found.reason == "refused"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [b"\xff" * 40],
        lambda _: [UNKNOWN_VERSION],
        lambda made: [made[: len(made) // 2]],
        lambda made: [made.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1)],  # version 1
        lambda made: [made.replace(b"\xa2", b"\xa0", 1)],  # a request
        lambda _: [os.urandom(200)],
    ],
    ids=["ones", "zeros", "half", "version", "request", "random"],
)
async def test_garbage_is_called_garbage(change: Callable[[bytes], Sequence[bytes]]) -> None:
    assert (await one(garbling(change, sound()), **HASTY)).reason == "bad_answer"


async def test_answer_to_another_request_is_no_answer() -> None:
    def renumbered(data: bytes) -> Sequence[bytes]:
        at = data.find(b"\x02\x04", 12) + 2
        return sound()(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])

    assert (await one(renumbered, **HASTY)).reason == "bad_answer"


async def test_answer_behind_garbage_is_found() -> None:
    found = await one(garbling(lambda made: [b"\x30", made, made], sound()))
    assert found.reason == ""
    assert len(found.tables["ports"].rows) == PORTS


async def test_answer_from_another_address_is_not_believed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        device, asked_from = sound(), []

        class Elsewhere(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                asked_from.append(addr)
                for made in device(data):
                    other.sendto(made, addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Elsewhere, ("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        (found,) = (await ask([settings_of("it", port)], **HASTY)).values()
        transport.close()
    assert asked_from
    assert found.reason == "no_answer"


async def test_walk_that_loops_is_ended_with_its_reason() -> None:
    device = sound()
    first = device.after((1, 3, 6, 1, 2, 1, 2, 2, 1, 10))[0]
    within = device.after

    def looping(name: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
        found, value = within(name)
        return (first, value) if found == (*first[:-1], 9) else (found, value)

    device.after = looping  # type: ignore[method-assign]
    table = (await one(device)).tables["ports"]
    assert table.end == "endless_walk"
    assert table.rows[8,] == {"name": b"GE0/8", "octets": 8000}


async def test_walk_that_never_ends_is_cut() -> None:
    device = sound()

    def endless(name: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
        index = name[10] + 1 if len(name) > 10 else 1
        return (*name[:10], index), V2.Integer(1)

    device.after = endless  # type: ignore[method-assign]
    table = (await one(device)).tables["ports"]
    assert table.end == "too_large"
    assert len(table.rows) == WANTED.most_rows


async def test_device_that_takes_too_long_keeps_what_it_said() -> None:
    device = sound()
    device.most = 2
    found = await slow(device, 0.2, device_seconds=2.0)
    assert found.reason == ""
    assert found.scalars == {"descr": b"switch"}
    assert found.tables["ports"].end == "too_slow"
    assert 1 < len(found.tables["ports"].rows) < PORTS


async def slow(device: SnmpDevice, seconds: float, **limits: Any) -> Answer:
    class Slow(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            made = device(data)
            loop.call_later(seconds, lambda: [self.transport.sendto(m, addr) for m in made])

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Slow, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    (found,) = (await ask([settings_of("it", port)], **limits)).values()
    transport.close()
    return found


async def test_device_that_falls_silent_on_the_way_says_so_of_the_table() -> None:
    device, left = sound(), [3]
    device.most = 4

    def dying(data: bytes) -> Sequence[bytes]:
        left[0] -= 1
        return device(data) if left[0] >= 0 else []

    found = await one(dying, **HASTY)
    assert found.reason == ""
    assert found.scalars == {"descr": b"switch"}
    assert found.tables["ports"].end == "no_answer"
    assert 0 < len(found.tables["ports"].rows) < PORTS


async def test_device_that_cannot_send_much_is_asked_for_less() -> None:
    device = sound()

    def small(data: bytes) -> Sequence[bytes]:
        made = device(data)
        if len(made[0]) < 300:
            return made
        return [error(data, 1)]

    assert len((await one(small)).tables["ports"].rows) == PORTS


def error(data: bytes, status: int, index: int = 0) -> bytes:
    from pyasn1.codec.ber import decoder, encoder

    message, _ = decoder.decode(data, asn1Spec=V2.Message())
    request = V2.apiMessage.get_pdu(message)
    response = V2.apiPDU.get_response(request)
    V2.apiPDU.set_error_status(response, status)
    V2.apiPDU.set_error_index(response, index)
    V2.apiPDU.set_varbinds(response, V2.apiPDU.get_varbinds(request)[:1] if status != 1 else [])
    V2.apiMessage.set_pdu(message, response)
    return bytes(encoder.encode(message))


async def test_device_that_denies_access_is_said_so() -> None:
    assert (await one(lambda data: [error(data, 16)])).reason == "no_access"


async def test_scalar_at_which_a_device_fails_is_left_out() -> None:
    device = sound()

    def failing(data: bytes) -> Sequence[bytes]:
        made = device(data)
        kind, names = device.asked[-1]
        return [error(data, 5, 2)] if kind == "GetRequestPDU" and len(names) == 2 else made

    found = await one(failing)
    assert found.scalars == {"descr": b"switch"}
    assert len(found.tables["ports"].rows) == PORTS


async def test_device_that_has_nothing_of_it_answers_with_nothing() -> None:
    found = await one(SnmpDevice({"1.3.6.1.4.1.9.1": V2.Integer(1)}))
    assert (found.reason, found.scalars, found.tables["ports"].rows) == ("", {}, {})


async def test_silent_third_keeps_nobody_waiting() -> None:
    async with AsyncExitStack() as running:
        sounds = [await running.enter_async_context(listening(sound())) for _ in range(8)]
        silent = [await running.enter_async_context(listening(lambda _: [])) for _ in range(4)]
        rows = [settings_of(f"s{port}", port) for port in silent]
        rows += [settings_of(f"d{port}", port) for port in sounds]
        began = time.monotonic()
        answers = await ask(rows, timeout=3.0, tries=1)
    whole = [a for a in answers.values() if not a.reason]
    assert len(whole) == 8
    assert max(max(a.tables["ports"].at.values()) for a in whole) - began < 3.0
    assert [a.reason for a in answers.values()].count("no_answer") == 4


async def test_run_that_is_over_tells_who_was_not_done() -> None:
    async with listening(lambda _: []) as silent, listening(sound()) as port:
        rows = [settings_of("silent", silent), settings_of("next", port)]
        answers = await ask(rows, at_once=1, run_seconds=0.5, timeout=2.0)
    assert {name: found.reason for name, found in answers.items()} == {
        "silent": "deadline", "next": "deadline",
    }  # fmt: skip


def test_library_that_is_missing_is_named_with_what_to_do() -> None:
    script = (
        "import sys\n"
        "sys.modules['pysnmp'] = None\n"
        "from probes import apart\n"
        "from probes.snmp.poll import answer\n"
        "apart.serve(answer)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input="{}", capture_output=True, text=True, check=True,
        cwd=ROOT,
    )  # fmt: skip
    assert json.loads(done.stdout)["error"] == "no_source"
    assert "banjun[lan]" in done.stdout


async def test_mistake_of_ours_with_one_device_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async with listening(sound()) as port:
        rows = [settings_of("odd", port, version="?"), settings_of("sound", port)]
        monkeypatch.setattr("probes.snmp.user.UserSpeaker.__init__", _broken)
        found = await ask(rows)
    assert found["odd"].reason == "fault"
    assert "it is broken" in capfd.readouterr().err
    assert len(found["sound"].tables["ports"].rows) == PORTS


def _broken(*_: object) -> None:
    raise ZeroDivisionError("it is broken")


async def test_name_that_is_no_address_is_unresolved() -> None:
    row = {"name": "it", "host": "no-such-host.invalid", "community": "x"}
    (found,) = (await ask([row])).values()
    assert found.reason == "unresolved"


async def test_ipv6_is_spoken() -> None:
    try:
        loop = asyncio.get_running_loop()
        device = sound()

        class Six(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                for made in device(data):
                    self.transport.sendto(made, addr)

        transport, _ = await loop.create_datagram_endpoint(Six, ("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    row = settings_of("it", transport.get_extra_info("sockname")[1], host="::1")
    (found,) = (await ask([row])).values()
    transport.close()
    assert len(found.tables["ports"].rows) == PORTS
