"""Giving up rights: the process that looks at frames keeps CAP_NET_RAW and nothing else.

What a frame of a stranger might make a dissector do is then done by nearly nobody, also where the
agent runs as root.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys

from probes.model import ProbeError

NET_RAW = 13
"""Raw and packet sockets, from the kernel's linux/capability.h."""
_NOBODY = 65534
_MOST_CAPABILITIES = 64
_VERSION_3 = 0x20080522
_SET_KEEPCAPS, _CAPBSET_DROP, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 8, 24, 38, 47
_AMBIENT_CLEAR_ALL = 4
"""Of prctl(2)."""
_CPU_SECONDS = 60
_MOST_BYTES = 1 << 30


def keep_net_raw(*, wanted: bool = True) -> bool:
    """Give up every other right for good, this one too if it is not wanted; whether it was there.

    Raises ProbeError("fault") when anything else is left.
    """
    had = bool(_permitted() & 1 << NET_RAW)
    kept = 1 << NET_RAW if had and wanted else 0
    _prctl(_SET_NO_NEW_PRIVS, 1)
    for number in range(_MOST_CAPABILITIES):
        _prctl(_CAPBSET_DROP, number)  # refused without CAP_SETPCAP; then nothing could raise it
    _become_nobody()
    _prctl(_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    _set(kept)
    if _permitted() != kept:
        raise ProbeError("fault", "rights are left that were given up")
    return had


def bound_work() -> None:
    """However a stranger's bytes are made: an end by the kernel, not a machine that swaps."""
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _become_nobody() -> None:
    """Root without capabilities still owns root's files.

    It stays what it is where there is no such account (a container), and where Python itself lies
    in a folder of root's, from which the rest of it could then not be loaded.
    """
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    if os.geteuid() != 0:
        return
    libraries = [path for path in sys.path if os.path.isdir(path)]
    _prctl(_SET_KEEPCAPS, 1)
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, 0)
        may_read = all(os.access(path, os.R_OK | os.X_OK) for path in libraries)
        user = _NOBODY if may_read else 0
        os.setresuid(user, user, user)
    except OSError:
        return


def _permitted() -> int:
    data = ctypes.create_string_buffer(24)
    if _libc().capget(_header(), data):
        raise ProbeError("fault", f"capget: {os.strerror(ctypes.get_errno())}")
    words = struct.unpack("=6I", data.raw)
    return int(words[1] | words[4] << 32)


def _set(rights: int) -> None:
    """Effective and permitted; inheritable is none."""
    low, high = rights & 0xFFFFFFFF, rights >> 32
    if _libc().capset(_header(), struct.pack("=6I", low, low, 0, high, high, 0)):
        raise ProbeError("fault", f"capset: {os.strerror(ctypes.get_errno())}")


def _header() -> bytes:
    return struct.pack("=Ii", _VERSION_3, 0)


def _prctl(option: int, argument: int) -> None:
    _libc().prctl(option, ctypes.c_ulong(argument), *(ctypes.c_ulong(0),) * 3)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
