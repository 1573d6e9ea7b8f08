"""The parts of posture_audit_log on Linux and OpenWrt. `root`: the machine's file system."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

from probes import files, keyfile, programs, uci
from probes.auditlog import logrotate, oldest, rsyslog
from probes.model import ProbeError
from probes.parts import Facts

COMMAND_SECONDS = 5.0

_ACTIVE, _INACTIVE = 0, (3, 4)
"""Exit codes of `systemctl is-active`: LSB's, the same in every language."""

_LOGS = ("syslog", "messages", "auth.log", "secure")
"""Below /var/log; those that are there are looked at."""


async def policy(root: Path) -> Facts:
    if is_openwrt(root):
        raise ProbeError("no_source", "auditd")
    running = await is_active("auditd")
    if running is None:
        raise ProbeError("no_source", "systemctl")
    if running and (path := programs.find("auditctl")):
        done = await programs.run([path, "-s"], COMMAND_SECONDS)
        running = kernel_audits(done.output)
    return Facts("command", {"audit_running": running}, "no_privilege")


def kernel_audits(text: str) -> bool | None:
    """Of `auditctl -s`; None when it may not tell, or does not."""
    found = re.search(r"^enabled (\d)$", text, re.MULTILINE | re.ASCII)
    return None if found is None else found[1] != "0"


async def is_active(unit: str) -> bool | None:
    """None where systemd does not run."""
    path = programs.find("systemctl")
    if path is None:
        return None
    code = (await programs.run([path, "is-active", unit], COMMAND_SECONDS)).code
    return True if code == _ACTIVE else False if code in _INACTIVE else None


async def retention(root: Path) -> Facts:
    if is_openwrt(root):
        return openwrt(uci.read(root / "etc/config/system") or [])
    at, reason = _oldest(root)
    sent = _forwards(root)
    if sent and not await _runs():
        sent = None if await is_active("rsyslog") is None else False
    values: dict[str, float | None] = {
        "retention_seconds": kept(root),
        "forwarded": sent,
        "oldest_record_age_seconds": None if at is None else max(0.0, time.time() - at),
    }
    return Facts("file", values, reason)


def _oldest(root: Path) -> tuple[float | None, str]:
    """With the reason why something of the part may be missing."""
    try:
        return oldest.record(root), "not_by_time"
    except PermissionError:
        return None, "no_privilege"


async def _runs() -> bool:
    """Whether an rsyslogd can be seen, whoever started it."""
    if await is_active("rsyslog"):
        return True
    import psutil

    return any(process.info["name"] == "rsyslogd" for process in psutil.process_iter(["name"]))


def _forwards(root: Path) -> bool | None:
    """None where logs are sent on by something that is not read here."""
    sent = rsyslog.forwards(rsyslog.texts(root))
    upload = keyfile.sections(*files.present(root / "etc/systemd/journal-upload.conf"))
    others = (root / "etc/syslog-ng/syslog-ng.conf").exists() or "URL" in upload.get("Upload", {})
    return None if others and not sent else sent


def kept(root: Path) -> int | None:
    """Seconds: the least among the logs that are there. None when it is not set by time.

    The journal is kept by size: its MaxRetentionSec is an upper limit, and promises nothing.
    """
    logs = [f"/var/log/{name}" for name in _LOGS if (root / "var/log" / name).exists()]
    if not logs:
        return None
    try:
        stanzas = logrotate.stanzas(root)
    except FileNotFoundError:
        return None
    times = [logrotate.keeps(stanzas, log) for log in logs]
    known = [seconds for seconds in times if seconds is not None]
    return min(known) if len(known) == len(times) else None


def openwrt(found: Iterable[uci.Section]) -> Facts:
    """Its log is in memory, and a server's address is where it goes besides."""
    system = next((section for section in found if section.kind == "system"), None)
    if system is None:
        raise ProbeError("unreadable", "system")
    sent = bool(system.options.get("log_ip")) and system.on("log_remote", default=True)
    return Facts("uci", {"forwarded": sent, "retention_seconds": None}, "not_by_time")


def is_openwrt(root: Path) -> bool:
    return (root / "etc/openwrt_release").exists()
