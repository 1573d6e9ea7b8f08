"""Who may log in to this machine, and what it asks of passwords. Read-only; no hash is kept."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import PART, POSTURE_LABELS, POSTURE_REASONS, age, boolean, count
from probes.text import Text

ROOT = Path("/")

GUEST, BUILTIN_ADMIN, PASSWORD, COMPLEXITY = "guest", "builtin_admin", "password", "complexity"
LOCKOUT, BLANK, UNUSED, AUTO_LOGON = "lockout", "blank", "unused", "auto_logon"
PARTS = (GUEST, BUILTIN_ADMIN, PASSWORD, COMPLEXITY, LOCKOUT, BLANK, UNUSED, AUTO_LOGON)

GUEST_ENABLED = boolean(
    "guest_enabled",
    Text("来宾账户启用", "Guest enabled"),
    Text(
        "来宾可以登录：Windows 上 RID 501 的账户启用；Linux 上有未锁定的 guest 账户，"
        "或 lightdm 提供来宾会话。",
        "A guest can log in: on Windows the account with RID 501 is enabled; on Linux an account "
        "`guest` is not locked, or lightdm offers guest sessions.",
    ),
    Better.LOWER,
)
ADMIN_ENABLED = boolean(
    "builtin_admin_enabled",
    Text("内置管理员启用", "Built-in administrator enabled"),
    Text(
        "内置管理员可用密码登录：Windows 上 RID 500 的账户启用；Linux 上 0 号账户的密码未锁定。",
        "The built-in administrator's password lets somebody in: on Windows the account with RID "
        "500 is enabled; on Linux the password of number 0 is not locked.",
    ),
    Better.LOWER,
)
ADMIN_RENAMED = boolean(
    "builtin_admin_renamed",
    Text("内置管理员已改名", "Built-in administrator renamed"),
    Text(
        "内置管理员的名称不是系统出厂时的名称。名称本身不上报。",
        "The built-in administrator has another name than the system gave it. The name itself is "
        "not reported.",
    ),
)
LENGTH = count(
    "password_length_count",
    Text("密码最短长度", "Shortest password"),
    Text(
        "新密码至少要有几个字符；pwquality、cracklib 的加分项会让较短的密码通过，已扣除。",
        "Characters that a new password has at least; the credits of pwquality and cracklib let "
        "shorter ones through, and are taken off.",
    ),
    Better.HIGHER,
)
EXPIRES = boolean(
    "password_expires",
    Text("密码会过期", "Passwords expire"),
    Text(
        "策略规定密码会过期，并且没有启用的账户例外。",
        "The policy lets passwords expire, and no account that is enabled is exempt.",
    ),
)
AGE_MAX = age(
    "password_age_seconds_max",
    Text("密码最长使用期", "Longest age of a password"),
    Text(
        "策略和各账户允许的密码使用时间中最长的一个；永不过期时缺失。",
        "The longest time that the policy, or an account, lets a password last; absent when one "
        "never expires.",
    ),
)
HISTORY = count(
    "password_history_count",
    Text("密码历史", "Password history"),
    Text(
        "新密码不得与最近多少个旧密码相同；0 为不检查。",
        "So many old passwords may not be used again; 0 = no such rule.",
    ),
    Better.HIGHER,
)
COMPLEX = boolean(
    "password_complexity",
    Text("密码复杂度", "Password complexity"),
    Text(
        "新密码至少要含三类字符（大写、小写、数字、其他）。",
        "A new password must hold at least three kinds of characters of: capital, small, digit, "
        "other.",
    ),
)
LOCKOUT_ENABLED = boolean(
    "lockout_enabled",
    Text("登录失败锁定", "Lock-out"),
    Text(
        "多次登录失败后账户会被锁定；Linux 上每种登录方式都如此时为 1。",
        "Failed logins lock an account; on Linux 1 only if every way to log in does so.",
    ),
)
THRESHOLD = count(
    "lockout_threshold_count",
    Text("锁定阈值", "Lock-out threshold"),
    Text(
        "失败多少次后锁定；各登录方式中最大的一个。",
        "Failures after which an account is locked; the most among the ways to log in.",
    ),
)
LOCKOUT_SECONDS = age(
    "lockout_seconds",
    Text("锁定时长", "Lock-out time"),
    Text(
        "锁定持续多久；要由管理员解锁时缺失。各登录方式中最短的一个。",
        "How long a lock-out lasts; absent when an administrator has to unlock. The least among "
        "the ways to log in.",
    ),
    Better.HIGHER,
)
UNTIL_UNLOCKED = boolean(
    "lockout_until_unlocked",
    Text("锁定须人工解除", "Locked until unlocked"),
    Text(
        "锁定一直持续到管理员解锁。",
        "A lock-out lasts until an administrator ends it.",
    ),
    Better.NEITHER,
)
BLANK_COUNT = count(
    "blank_password_accounts_count",
    Text("空密码账户", "Accounts without a password"),
    Text(
        "不用密码就能登录的启用账户数。Windows 只能说出允许没有密码的账户；一个也没有时，"
        "仍可能有空密码，因此为未知。",
        "Accounts that are enabled and need no password. Windows can tell only which are allowed "
        "to have none; where there is no such account some may still be empty, so it is unknown.",
    ),
)
UNUSED_MAX = age(
    "unused_account_seconds_max",
    Text("账户最长未用时间", "Longest unused account"),
    Text(
        "启用的普通账户中，最久没有登录的距今多久；从未登录的从其密码设定之日算起。",
        "Since the last login of the enabled account that was used least lately; of one that never "
        "logged in, since its password was set.",
    ),
)
AUTO_LOGON_ON = boolean(
    "auto_logon",
    Text("自动登录", "Automatic login"),
    Text(
        "开机后不用密码就进入某个账户。OpenWrt 上指控制台不要密码。",
        "The machine logs in to an account by itself. On OpenWrt: its console asks for no "
        "password.",
    ),
    Better.LOWER,
)


class PostureAccounts(Probe[NoSettings]):
    name = "posture_accounts"
    title = Text("账户与口令", "Accounts and passwords")
    about = Text(
        "每个部分一条读数。Linux：passwd、shadow（只看第二段是空、锁定还是已设，散列不出函数）、"
        "login.defs、PAM 各服务的模块顺序（pwquality、cracklib、unix、pwhistory、faillock、tally2，"
        "统信 UOS 的 dde.conf）、lastlog、wtmp、lightdm、gdm、sddm、getty。"
        "Windows：NetUserModalsGet、NetUserEnum、SceGetSecurityProfileInfo、"
        "Winlogon 的 AutoAdminLogon 一个值。"
        "只用编号和标志，不用会随语言变化的文字；不读密码，不试登录，账户名称和 SID 不上报。",
        "One reading for each part. Linux: passwd, shadow (only whether field 2 is empty, locked "
        "or set; no hash leaves the function), login.defs, the modules of PAM in the order in "
        "which services ask them (pwquality, cracklib, unix, pwhistory, faillock, tally2, and "
        "dde.conf of UOS), lastlog, wtmp, lightdm, gdm, sddm, getty. Windows: NetUserModalsGet, "
        "NetUserEnum, SceGetSecurityProfileInfo, and of Winlogon the one value AutoAdminLogon. "
        "Numbers and flags only, no words that differ by language; no password is read or tried; "
        "names and SIDs of accounts are not reported.",
    )
    limits = Text(
        "只看本机账户，域、LDAP 账户不在此列。PAM 的规则多半不约束 root。弱口令看不到。"
        "图形界面登录若不写 wtmp 和 lastlog，未用时间会偏长。PAM 中可能被跳过的模块、认不出的格式，"
        "一律为未知。除英文名称表外，其他语言的 Windows 内置管理员可能被当作已改名。"
        "Windows 部分只用模拟的接口测试过。",
        "Local accounts only, not those of a domain or LDAP. Most rules of PAM do not bind root. "
        "Weak passwords are not seen. Where a display manager writes neither wtmp nor lastlog, "
        "accounts look unused for too long. A module of PAM that may be jumped over, and a form "
        "that is not known, is unknown. A built-in administrator in a language that is not in our "
        "list may look renamed. The Windows part was tested with feigned functions only.",
    )
    privilege = Text(
        "Linux 上 blank、builtin_admin 以及密码是否过期需要 root（读 shadow）；"
        "Windows 上 complexity 需要管理员。没有时该部分为 no_privilege。",
        "On Linux `blank`, `builtin_admin` and whether passwords expire need root (for shadow); on "
        "Windows `complexity` needs an administrator. Without it that part is no_privilege.",
    )
    measures = (
        GUEST_ENABLED,
        ADMIN_ENABLED,
        ADMIN_RENAMED,
        LENGTH,
        EXPIRES,
        AGE_MAX,
        HISTORY,
        COMPLEX,
        LOCKOUT_ENABLED,
        THRESHOLD,
        LOCKOUT_SECONDS,
        UNTIL_UNLOCKED,
        BLANK_COUNT,
        UNUSED_MAX,
        AUTO_LOGON_ON,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("部分：" + "、".join(PARTS) + "。", "The part: " + ", ".join(PARTS) + "."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **POSTURE_REASONS,
        "never_used": Text(
            "有账户从未登录过，也不知道它从何时起存在，或记录的时间在将来。",
            "An account was never used and nothing tells since when it exists, or a time on record "
            "is in the future.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})

    async def measure(self, target: Target) -> list[Reading]:
        return await asyncio.to_thread(_look, _looks())


def _look(looks: Mapping[str, Callable[[], Facts]]) -> list[Reading]:
    return [r for part in PARTS for r in look_at(PostureAccounts.measures, part, looks[part])]


def _looks() -> Mapping[str, Callable[[], Facts]]:
    """How each part is read on this system."""
    system = platform.system()
    if system == "Windows":
        from probes.accounts import windows

        return dict(zip(PARTS, windows.LOOKS, strict=True))
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.accounts import linux

    return {part: _at_root(look) for part, look in zip(PARTS, linux.LOOKS, strict=True)}


def _at_root(look: Callable[[Path], Facts]) -> Callable[[], Facts]:
    return lambda: look(ROOT)
