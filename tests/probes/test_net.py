from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
import time

import pytest

from probes import net
from probes.model import ProbeError
from probes.net import (
    Address,
    arrival_ns_or_none,
    ask_for_timestamps,
    our_fault,
    require_route,
    resolve,
)


async def test_literal_ipv4_asks_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    address = await resolve("127.0.0.1", 80)
    assert address == Address(socket.AF_INET, "127.0.0.1", ("127.0.0.1", 80))
    assert address.version == 4


async def test_literal_ipv6_keeps_its_scope() -> None:
    index = socket.if_nametoindex("lo")
    assert (await resolve("::1", 80)).sockaddr == ("::1", 80, 0, 0)
    address = await resolve("fe80::1%lo", 80)
    assert address.sockaddr == ("fe80::1", 80, 0, index)
    assert address.version == 6


async def test_scope_that_does_not_exist_is_no_route() -> None:
    with pytest.raises(ProbeError) as caught:
        await resolve("fe80::1%nosuch0")
    assert caught.value.reason == "no_route"


async def test_name_becomes_one_address() -> None:
    assert (await resolve("localhost", 80)).host in ("127.0.0.1", "::1")


async def test_resolvers_first_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 5, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 5)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert (await resolve("name.test", 5)).host == "::1"


@pytest.mark.parametrize("host", ["", "no-such-name.invalid", "a" * 300, "ex\0ample", "..", "-"])
async def test_name_that_does_not_resolve_says_nothing_about_the_target(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def without_network(name: str, *rest: object, **options: object) -> object:
        if name in {"no-such-name.invalid", "-"}:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    with pytest.raises(ProbeError) as caught:
        await resolve(host)
    assert caught.value.reason == "unresolved"


async def test_slow_resolver_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(net, "RESOLVE_SECONDS", 0.01)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    with pytest.raises(ProbeError) as caught:
        await resolve("name.test")
    assert caught.value.reason == "unresolved"


async def test_there_is_a_route_to_ourselves() -> None:
    require_route(await resolve("127.0.0.1"))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENETUNREACH, "no_route"),
        (errno.EADDRNOTAVAIL, "no_route"),
        (errno.EAFNOSUPPORT, "no_route"),
        (errno.EMFILE, "no_socket"),
        (errno.EPERM, "no_socket"),
    ],
)
def test_our_faults_have_their_reasons(number: int, reason: str) -> None:
    assert our_fault(OSError(number, "words")).reason == reason


def test_descriptor_shortage_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(ProbeError) as caught:
        net.open_socket(socket.AF_INET, socket.SOCK_STREAM)
    assert caught.value.reason == "no_socket"


def test_kernels_time_of_arrival_is_read() -> None:
    message = (socket.SOL_SOCKET, net.SO_TIMESTAMPNS, struct.pack("@ll", 5, 7))
    assert arrival_ns_or_none([message]) == 5_000_000_007


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux notes arrivals")
def test_kernel_notes_arrivals_from_the_second_run_on() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
        ask_for_timestamps(first)
    time.sleep(0.1)  # it begins a moment later
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(("127.0.0.1", 0))
        ask_for_timestamps(second)
        second.sendto(b"echo", second.getsockname())
        time.sleep(0.05)
        _, ancillary, _, _ = second.recvmsg(100, 100)
    arrived = arrival_ns_or_none(ancillary)
    assert arrived is not None
    assert time.time_ns() - arrived >= 0.05 * 1e9


@pytest.mark.parametrize("data", [b"", b"short"])
def test_other_ancillary_data_tells_no_time(data: bytes) -> None:
    assert arrival_ns_or_none([(socket.SOL_SOCKET, net.SO_TIMESTAMPNS, data)]) is None
    assert arrival_ns_or_none([(0, 0, bytes(16))]) is None
    assert arrival_ns_or_none([]) is None
