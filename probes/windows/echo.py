"""ICMP echoes through iphlpapi, for which Windows asks no privilege. IPv4 only.

The system's own figure is whole milliseconds, 0 on a school's network; so the call is timed here.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, ClassVar

from probes.echoes import PAYLOAD_BYTES, Echoes
from probes.model import ProbeError
from probes.net import Address
from probes.windows.system import last_error, library

_SUCCESS = 0
_UNREACHABLE = frozenset({11_002, 11_003, 11_004, 11_005})
_TIMED_OUT, _TTL_EXPIRED = 11_010, 11_013
_NO_ROUTE = frozenset({1231, 1232, 11_050})
"""Network or host unreachable by this machine's own table; general failure, as without a cable."""
_SPARE_BYTES = 64
"""For an ICMP error and the system's own bookkeeping behind the reply."""


class _Reply(ctypes.Structure):
    """ICMP_ECHO_REPLY."""

    _fields_: ClassVar = [
        ("address", ctypes.c_uint32),
        ("status", ctypes.c_uint32),
        ("milliseconds", ctypes.c_uint32),
        ("size", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort),
        ("data", ctypes.c_void_p),
        ("ttl", ctypes.c_ubyte),
        ("tos", ctypes.c_ubyte),
        ("flags", ctypes.c_ubyte),
        ("options_size", ctypes.c_ubyte),
        ("options", ctypes.c_void_p),
    ]


async def exchange(address: Address, count: int, interval: float, timeout: float) -> Echoes:
    """As `EchoSocket.exchange`. Raises ProbeError when this machine could not send."""
    if address.version != 4:
        raise ProbeError("unsupported_system", "IPv6")
    api = _declared(library("iphlpapi"))
    echoes = Echoes()
    loop = asyncio.get_running_loop()
    # A thread each: the call waits, and the next echo does not wait for an answer to this one.
    with ThreadPoolExecutor(count, "echo") as threads:
        calls = []
        for sequence in range(count):
            calls.append(loop.run_in_executor(threads, _one, api, address.host, timeout))
            if sequence < count - 1:
                await asyncio.sleep(interval)
        answers = await asyncio.gather(*calls)
    for sequence, answer in enumerate(answers):
        echoes.sent += 1
        echoes.unreachable |= answer is None
        if answer is not None and 0 <= answer <= timeout:
            echoes.times[sequence] = answer
    return echoes


def _one(api: Any, host: str, timeout: float) -> float | None:
    """Seconds, -1 without an answer, None when a router says that there is no way."""
    payload = os.urandom(PAYLOAD_BYTES)
    room = ctypes.create_string_buffer(ctypes.sizeof(_Reply) + len(payload) + _SPARE_BYTES)
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    handle = api.IcmpCreateFile()
    if handle in (None, ctypes.c_void_p(-1).value):
        raise ProbeError("no_socket", str(last_error()))
    try:
        started = perf_counter()
        many = api.IcmpSendEcho(
            handle, number, payload, len(payload), None, room, len(room), int(timeout * 1000)
        )
        seconds = perf_counter() - started
        status = _Reply.from_buffer(room).status if many else int(last_error().errno or 0)
    finally:
        api.IcmpCloseHandle(handle)
    if status == _SUCCESS and many:
        reply = _Reply.from_buffer(room)
        ours = ctypes.string_at(reply.data, reply.size) == payload
        return seconds if ours and reply.address == number else -1.0
    if status in _UNREACHABLE:
        return None
    if status in (_TIMED_OUT, _TTL_EXPIRED):
        return -1.0
    raise ProbeError("no_route" if status in _NO_ROUTE else "no_socket", f"Windows error {status}")


def _declared(api: Any) -> Any:
    pointer, number, short = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_ushort
    api.IcmpCreateFile.argtypes, api.IcmpCreateFile.restype = (), pointer
    api.IcmpSendEcho.argtypes = (
        pointer, number, ctypes.c_char_p, short, pointer, pointer, number, number,
    )  # fmt: skip
    api.IcmpSendEcho.restype = number
    api.IcmpCloseHandle.argtypes = (pointer,)
    return api
