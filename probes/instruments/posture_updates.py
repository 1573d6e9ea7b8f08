"""How far a machine's packages are behind. It reads what is on the disk; it fetches nothing."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from probes.model import Better, Probe, ProbeError, Reading, Role, Target, setting
from probes.posture import (
    PART,
    POSTURE_LABELS,
    POSTURE_REASONS,
    age,
    boolean,
    count,
    known,
    unknown,
)
from probes.text import Text
from probes.updates.apt import Apt
from probes.updates.dnf import Dnf
from probes.updates.facts import COMMAND_SECONDS, History, PackageManager
from probes.updates.opkg import APK_INSTALLED, OPKG_STATUS, Apk, Opkg

ROOT = Path("/")
_DAY = 86_400.0

LAST_UPGRADE_AGE = age(
    "last_upgrade_age_seconds",
    Text("距上次更新", "Since the last upgrade"),
    Text(
        "距上次成功升级任一软件包（Windows：累积更新）的时间；没有记录时缺失。OpenWrt 上是固件"
        "（base-files 软件包）的年龄。",
        "Since a package (on Windows a cumulative update), any one, was last upgraded with "
        "success; absent when nothing tells. On OpenWrt the age of the firmware (its package "
        "base-files).",
    ),
)
LISTS_AGE = age(
    "lists_age_seconds",
    Text("软件包列表的年龄", "Age of the package lists"),
    Text(
        "距上次取得新的软件包列表（Windows：成功检查更新）的时间；没有列表时缺失。",
        "Since the lists of available packages last changed (on Windows: since the last search "
        "with success); absent when there are none.",
    ),
)
REBOOT_REQUIRED = boolean(
    "reboot_required",
    Text("需要重启", "Restart required"),
    Text(
        "有更新要重启后才生效；系统上没有程序记录此事时缺失。",
        "An upgrade takes effect only after a restart; absent when nothing on the machine keeps "
        "track of it.",
    ),
    Better.LOWER,
)
PENDING_UPDATES_COUNT = count(
    "pending_updates_count",
    Text("待装更新", "Pending updates"),
    Text(
        "列表中有更新版本的已装软件包数。",
        "Installed packages for which the lists hold a newer version.",
    ),
)
PENDING_SECURITY_COUNT = count(
    "pending_security_updates_count",
    Text("待装安全更新", "Pending security updates"),
    Text(
        "其中来自安全更新源（apt）或有安全公告（dnf）的软件包数；软件源不区分安全更新时缺失。",
        "Those of them that come from a security suite (apt) or have a security advisory (dnf); "
        "absent when the sources do not tell security updates apart.",
    ),
)

SERVICE_DISABLED = boolean(
    "update_service_disabled",
    Text("更新服务被禁用", "Update service disabled"),
    Text(
        "Windows Update 服务（wuauserv）被设为禁用；其他系统没有此项，缺失。",
        "The service of Windows Update (wuauserv) is set to disabled; absent on other systems.",
    ),
    Better.LOWER,
)
AUTOMATIC_OFF = boolean(
    "automatic_updates_off",
    Text("自动更新已关闭", "Automatic updates off"),
    Text(
        "Windows：组策略禁止自动更新或一切更新；apt：没有安装或没有启用 unattended-upgrades。",
        "On Windows: a policy forbids automatic updates, or any; with apt: unattended-upgrades is "
        "not installed or not switched on.",
    ),
    Better.LOWER,
)

HISTORY, LISTS, PENDING, AUTOMATIC = "history", "lists", "pending", "automatic"
MANAGER = "manager"
WINDOWS = "windows"
FILE, COMMAND = "file", "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    lists_max_days: float = setting(
        7.0,
        Text(
            "软件包列表超过多少天后，由它得出的待装数不再可信，报告为未知。",
            "Days after which the lists say nothing any more of what is pending, so that it is "
            "reported as unknown.",
        ),
        minimum=1,
        maximum=60,
    )


class PostureUpdates(Probe[Settings]):
    name = "posture_updates"
    title = Text("系统更新", "System updates")
    about = Text(
        "四条读数。history：上次成功升级（apt 的 history.log 或 dpkg.log，dnf 的 dnf.rpm.log，"
        "opkg、apk 的数据库）、是否需要重启。lists：软件包列表的年龄。pending：按本机已有的列表推"
        "算的待装更新数——apt-get 模拟 dist-upgrade（不联网、不加锁、不写缓存），dnf 用 "
        "--cacheonly，opkg、apk 列出可升级的软件包；列表过旧或没有列表时为 not_run，而不是 0。"
        "automatic：是否自动更新（apt）。Windows 全部取自注册表：history 为已安装的最新累积更新的"
        "安装时间和表示需要重启的注册表项，automatic 为更新服务和组策略的设置；只有 lists 先问 "
        "Microsoft.Update.AutoUpdate（COM）；pending 不读取。",
        "Four readings. `history`: the last upgrade with success (apt's history.log or dpkg.log, "
        "dnf's dnf.rpm.log, the databases of opkg and apk), whether a restart is due. `lists`: "
        "the age of the package lists. `pending`: what these lists say is newer, by simulating "
        "apt-get dist-upgrade (no network, no lock, no cache written), with dnf --cacheonly, or "
        "what opkg and apk list as upgradable; with lists that are too old, or none, it is "
        "not_run and never 0. `automatic`: whether updates come by themselves (apt). On Windows "
        "the registry tells: for `history` when the newest cumulative update was installed, and "
        "the keys that say that a restart is due, for `automatic` the settings of the update "
        "service and of policies; for `lists` Microsoft.Update.AutoUpdate (COM) is asked first; "
        "`pending` is not read.",
    )
    limits = Text(
        "升级一个软件包也算一次更新；是否齐全看 pending。列表有多新取决于系统自己的定时任务，本探"
        "测不联网刷新；软件源长期没有变化时，列表会显得比实际旧。不经软件包管理器安装的程序看不"
        "到；在 Windows 上，累积更新以外的更新不计。麒麟、UOS 自带的更新程序是否自动更新看不出来（"
        "unsupported_system）。dnf、opkg、apk 的解析只用样例测试过，Windows 部分只在模拟的系统上测"
        "试过。",
        "One upgraded package counts as an upgrade; whether all are done, `pending` tells. How "
        "new the lists are is up to the system's own timer: this probe never fetches, and where "
        "the sources do not change for long, lists look older than they are. Programs that came "
        "without the package manager are not seen; on Windows only cumulative updates count. "
        "Whether the update programs of Kylin and UOS act by themselves is not seen "
        "(unsupported_system). The reading of dnf, opkg and apk was tested on samples only, that "
        "of Windows on a feigned system only.",
    )
    measures = (
        LAST_UPGRADE_AGE,
        LISTS_AGE,
        REBOOT_REQUIRED,
        PENDING_UPDATES_COUNT,
        PENDING_SECURITY_COUNT,
        SERVICE_DISABLED,
        AUTOMATIC_OFF,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text(
            "history（已发生的）、lists（列表）、pending（待装的）或 automatic（自动更新）。",
            "`history`, `lists`, `pending` or `automatic`.",
        ),
        MANAGER: Text(
            "由谁管理更新：apt、dnf、opkg、apk 或 windows。",
            "Who keeps the packages: apt, dnf, opkg, apk or windows.",
        ),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_lists": Text(
            "本机没有软件包列表，不知道有哪些更新。",
            "This machine has no package lists, so what is pending is not known.",
        ),
        "stale_lists": Text(
            "软件包列表太旧（或本机时钟不对），不知道有哪些更新。",
            "The package lists are too old (or the clock is wrong) to tell what is pending.",
        ),
        **POSTURE_REASONS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings
    deadline_seconds = 60.0

    def longest_seconds(self) -> float:
        return COMMAND_SECONDS * 1.25

    async def measure(self, target: Target) -> list[Reading]:
        if platform.system() == "Windows":
            return await asyncio.to_thread(_on_windows, time.time())
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        manager = package_manager(ROOT)
        if manager is None:
            raise ProbeError("no_source", "apt, dnf, opkg, apk")
        history = await manager.history()
        now = time.time()
        return [
            _history(manager.name, FILE, history, now),
            _lists(manager.name, FILE, history.lists_at, now),
            await self._pending(manager, history.lists_at, now),
            await _automatic(manager),
        ]

    async def _pending(
        self, manager: PackageManager, lists_at: float | None, now: float
    ) -> Reading:
        if lists_at is None:
            return unknown(PENDING, "no_lists", manager=manager.name)
        if not 0 <= now - lists_at <= self.settings.lists_max_days * _DAY:
            return unknown(PENDING, "stale_lists", manager=manager.name)
        try:
            pending = await manager.pending()
        except ProbeError as exc:  # what is in the history stays known
            return unknown(PENDING, exc.reason, manager=manager.name)
        values = {PENDING_UPDATES_COUNT: pending.all, PENDING_SECURITY_COUNT: pending.security}
        return known(PENDING, COMMAND, values, manager=manager.name)


async def _automatic(manager: PackageManager) -> Reading:
    try:
        off = await manager.automatic_off()
    except ProbeError as exc:
        return unknown(AUTOMATIC, exc.reason, manager=manager.name)
    return known(AUTOMATIC, COMMAND, {AUTOMATIC_OFF: off}, manager=manager.name)


def package_manager(root: Path) -> PackageManager | None:
    """The one that keeps this machine's packages."""
    if (root / "var/lib/dpkg/status").exists():
        return Apt(root)
    if any((root / folder).exists() for folder in ("var/lib/rpm", "usr/lib/sysimage/rpm")):
        return Dnf(root)
    if (root / OPKG_STATUS).exists():
        return Opkg(root)
    return Apk(root) if (root / APK_INSTALLED).exists() else None


def _on_windows(now: float) -> list[Reading]:
    from probes.updates import windows

    def lists() -> Reading:
        at, source = windows.searched()
        return _lists(WINDOWS, source, at, now)

    def automatic() -> Reading:
        rules = windows.rules()
        values = {SERVICE_DISABLED: rules.service_disabled, AUTOMATIC_OFF: rules.automatic_off}
        return known(AUTOMATIC, windows.REGISTRY, values, manager=WINDOWS)

    return [
        _if_readable(HISTORY, lambda: _history(WINDOWS, windows.REGISTRY, windows.history(), now)),
        _if_readable(LISTS, lists),
        unknown(PENDING, "unsupported_system", manager=WINDOWS),
        _if_readable(AUTOMATIC, automatic),
    ]


def _if_readable(part: str, read: Callable[[], Reading]) -> Reading:
    """One part that is closed to us does not take the others along."""
    try:
        return read()
    except ProbeError as exc:
        return unknown(part, exc.reason, manager=WINDOWS)


def _history(manager: str, source: str, history: History, now: float) -> Reading:
    since = _age(history.upgraded_at, now)
    if since is None and history.reboot_required is None:
        return unknown(HISTORY, "no_source", manager=manager)
    values = {LAST_UPGRADE_AGE: since, REBOOT_REQUIRED: history.reboot_required}
    return known(HISTORY, source, values, manager=manager)


def _lists(manager: str, source: str, at: float | None, now: float) -> Reading:
    if at is None:
        return unknown(LISTS, "no_lists", manager=manager)
    since = _age(at, now)
    if since is None:
        return unknown(LISTS, "stale_lists", source, manager=manager)
    return known(LISTS, source, {LISTS_AGE: since}, manager=manager)


def _age(at: float | None, now: float) -> float | None:
    """From the future: the clock is wrong, and the age is not known."""
    return now - at if at is not None and at <= now else None
