"""Whether a clock of Linux is synchronised, and whether a time server is configured.

The kernel keeps the first, for every time service alike (adjtimex(2)); settings tell the second.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from probes import files, keyfile, programs, uci
from probes.model import ProbeError
from probes.parts import Facts

COMMAND_SECONDS = 5.0

SYNCED_WITHIN_US = 16_000_000
"""The kernel lets the largest possible error grow to this, and no further, without a server."""

_CHRONY = ("etc/chrony/chrony.conf", "etc/chrony.conf")
_CHRONY_FOLDERS = (
    ("etc/chrony/conf.d", "*.conf"),
    ("etc/chrony/sources.d", "*.sources"),
    ("etc/chrony.d", "*.conf"),
)
_NTP = ("etc/ntpsec/ntp.conf", "etc/ntp.conf")
_SERVER = re.compile(r"^\s*(?:server|pool|peer|refclock)\s+(\S+)", re.MULTILINE)
_LOCAL_CLOCK = re.compile(r"127\.127\.1\.\d+|localhost|127\.0\.0\.1|::1")
"""A clock that is its own server is nobody's."""


class _Timex(ctypes.Structure):
    """struct timex of the C library; only what stands first is needed."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    ]


def synchronised() -> bool:
    """As timedatectl has it. Raises ProbeError("no_source")."""
    timex = _Timex()
    try:
        library: Any = ctypes.CDLL(None, use_errno=True)
        state = library.adjtimex(ctypes.byref(timex))
    except (AttributeError, OSError) as exc:
        raise ProbeError("no_source", "adjtimex") from exc
    if state < 0:
        raise ProbeError("no_source", f"adjtimex: {os.strerror(ctypes.get_errno())}")
    return is_synchronised(timex.maxerror)


def is_synchronised(max_error_us: int) -> bool:
    return 0 <= max_error_us < SYNCED_WITHIN_US


async def read(root: Path) -> Facts:
    """OpenWrt's own client does not tell the kernel, so there only a yes counts."""
    synced = synchronised()
    if (root / "etc/openwrt_release").exists():
        configured = openwrt_server(uci.read(root / "etc/config/system") or [])
        return _facts(synced or None, configured, "uci")
    return _facts(synced, await _server(root), "syscall")


def _facts(synced: bool | None, configured: bool | None, source: str) -> Facts:
    values = {"time_synchronised": synced, "time_server_configured": configured}
    return Facts(source, values, "no_source")


async def _server(root: Path) -> bool | None:
    """Whether a time service is set up with a server; None when timesyncd does not tell its own."""
    if any(map(names_server, _settings(root))):
        return True
    if not any((root / at).exists() for at in _TIMESYNCD):
        return False
    settings = timesyncd_settings(files.present(*_timesyncd_files(root)))
    return settings if settings is not None else await _asked()


_TIMESYNCD = ("usr/lib/systemd/systemd-timesyncd", "lib/systemd/systemd-timesyncd")


def _settings(root: Path) -> list[str]:
    more = [p for folder, kind in _CHRONY_FOLDERS for p in files.below(root / folder, kind)]
    return list(files.present(*(root / at for at in (*_CHRONY, *_NTP)), *more))


def names_server(text: str) -> bool:
    """Whether chrony.conf or ntp.conf names a server that is not this machine."""
    return any(not _LOCAL_CLOCK.fullmatch(found) for found in _SERVER.findall(text))


def _timesyncd_files(root: Path) -> list[Path]:
    folders = ("usr/lib/systemd/timesyncd.conf.d", "etc/systemd/timesyncd.conf.d")
    parts = [path for folder in folders for path in files.below(root / folder, "*.conf")]
    return [root / "etc/systemd/timesyncd.conf", *parts]


def timesyncd_settings(texts: Iterable[str]) -> bool | None:
    """None when they leave it to what was compiled in."""
    settings = keyfile.sections(*texts).get("Time", {})
    if settings.get("NTP") or settings.get("FallbackNTP"):
        return True
    return False if "FallbackNTP" in settings else None


async def _asked() -> bool | None:
    """What timesyncd itself says, while it runs."""
    path = programs.find("timedatectl")
    if path is None:
        return None
    done = await programs.run([path, "show-timesync", "--all"], COMMAND_SECONDS)
    return told(done.output) if done.code == 0 else None


def told(output: str) -> bool | None:
    """Of `timedatectl show-timesync`: NAME=VALUE, in every language. None without the names."""
    names = ("LinkNTPServers", "SystemNTPServers", "FallbackNTPServers", "ServerName")
    pairs = (line.partition("=") for line in output.splitlines())
    values = {key: value.strip() for key, _, value in pairs if key in names}
    return any(values.values()) if values else None


def openwrt_server(found: Iterable[uci.Section]) -> bool | None:
    """Of /etc/config/system: `config timeserver 'ntp'`. None when a word is not understood."""
    servers = [section for section in found if section.kind == "timeserver"]
    states = [_is_served(section) for section in servers]
    return True if True in states else None if None in states else False


def _is_served(section: uci.Section) -> bool | None:
    on = section.on("enabled", default=True)
    named = section.lists.get("server") or section.options.get("server", "").split()
    return bool(named) if on else on
