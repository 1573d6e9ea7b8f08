"""The parts of posture_accounts on Linux, OpenWrt among it. `root`: the machine's file system."""

from __future__ import annotations

import time
from pathlib import Path

from probes.accounts import greeters, local, lockout, quality, usage
from probes.accounts.local import DAY, NEVER_DAYS, Password, Secret
from probes.model import ProbeError
from probes.parts import Facts

FILE = "file"


def guest(root: Path) -> Facts:
    """An account `guest` that is not locked, or sessions for guests by the display manager."""
    named = [a for a in local.accounts(root) if a.name == "guest" and a.has_shell]
    enabled: bool | None = greeters.guest_sessions(root)
    if not enabled and named:
        states = {local.password_of(a, local.secrets(root)) for a in named}
        enabled = True if states - {Password.LOCKED, None} else None if None in states else False
    return Facts(FILE, {"guest_enabled": enabled})


def builtin_admin(root: Path) -> Facts:
    """Of number 0: whether its password lets somebody in, and whether it has another name."""
    admins = [account for account in local.accounts(root) if account.uid == 0]
    if not admins:
        raise ProbeError("unreadable", "passwd")
    secrets = local.secrets(root)
    states = {local.password_of(a, secrets) for a in admins if a.has_shell}
    enabled = None if None in states else bool(states - {Password.LOCKED})
    renamed = all(account.name != "root" for account in admins)
    return Facts(FILE, {"builtin_admin_enabled": enabled, "builtin_admin_renamed": renamed})


def password(root: Path) -> Facts:
    lines = quality.stack(root)
    asked = quality.demand(root, lines)
    ages = _ages(root)
    values: dict[str, float | None] = {
        "password_length_count": None if asked is None else asked.length,
        "password_history_count": quality.remembered(root, lines),
        **ages,
    }
    hidden = ages.get("password_expires", 0) is None and _secrets(root) is None
    return Facts(FILE, values, "no_privilege" if hidden else "unreadable")


def _ages(root: Path) -> dict[str, float | None]:
    """What login.defs sets for new accounts, and what stands for those that exist."""
    rule = local.lasts_days(local.definitions(root))
    if rule is not None and rule >= NEVER_DAYS:
        return {"password_expires": False}
    secrets = _secrets(root)
    held = None if secrets is None else local.longest_days(local.accounts(root), secrets)
    if held == NEVER_DAYS:
        return {"password_expires": False}
    if rule is None or held is None:
        return {"password_expires": None, "password_age_seconds_max": None}
    return {"password_expires": True, "password_age_seconds_max": max(rule, held) * DAY}


def _secrets(root: Path) -> dict[str, Secret] | None:
    try:
        return local.secrets(root)
    except OSError:
        return None


def complexity(root: Path) -> Facts:
    asked = quality.demand(root, quality.stack(root))
    complex_ = None if asked is None else asked.kinds >= quality.COMPLEX_KINDS
    return Facts(FILE, {"password_complexity": complex_})


def locking(root: Path) -> Facts:
    found = lockout.weakest(root)
    if found is None:
        return Facts(FILE, {"lockout_enabled": False})
    values: dict[str, float | None] = {
        "lockout_enabled": True,
        "lockout_threshold_count": found.threshold,
        "lockout_until_unlocked": found.seconds is None,
    }
    if found.seconds is not None:
        values["lockout_seconds"] = found.seconds
    return Facts(FILE, values)


def blank(root: Path) -> Facts:
    many = local.without_password(local.accounts(root), local.secrets(root))
    return Facts(FILE, {"blank_password_accounts_count": many})


def unused(root: Path) -> Facts:
    now, told = time.time(), _secrets(root)
    secrets = told or {}
    everybody = local.people(local.accounts(root), _definitions(root))
    people = usage.enabled(everybody, secrets, now)
    if not people:
        raise ProbeError("not_here")
    uses = usage.last_uses(root, people)
    span = usage.longest_unused(people, secrets, uses, now)
    reason = "no_privilege" if told is None else "never_used"
    return Facts(FILE, {"unused_account_seconds_max": span}, reason)


def _definitions(root: Path) -> dict[str, str]:
    try:
        return local.definitions(root)
    except FileNotFoundError:
        return {}


def auto_logon(root: Path) -> Facts:
    if is_openwrt(root):
        return Facts("uci", {"auto_logon": greeters.openwrt_console(root)})
    return Facts(FILE, {"auto_logon": greeters.auto_logon(root)})


def is_openwrt(root: Path) -> bool:
    return (root / "etc/openwrt_release").exists()


LOOKS = (guest, builtin_admin, password, complexity, locking, blank, unused, auto_logon)
"""In the order of the parts."""
