"""How far a machine's packages are behind. It reads what is on the disk; it fetches nothing."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from probes.model import (
    Better,
    Metric,
    Outcome,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
    setting,
)
from probes.text import Text
from probes.updates.apt import Apt
from probes.updates.dnf import Dnf
from probes.updates.facts import COMMAND_SECONDS, History, PackageManager

ROOT = Path("/")
_DAY = 86_400.0


def _age(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
    )


def _count(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.COUNT,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
    )


LAST_UPGRADE_AGE = _age(
    "last_upgrade_age_seconds",
    Text("距上次更新", "Since the last upgrade"),
    Text(
        "距上次成功升级任一软件包的时间；日志中没有记录时缺失。",
        "Since a package, any one, was last upgraded with success; absent when no log tells.",
    ),
)
LISTS_AGE = _age(
    "lists_age_seconds",
    Text("软件包列表的年龄", "Age of the package lists"),
    Text(
        "距上次取得新的软件包列表的时间；没有列表时缺失。",
        "Since the lists of available packages last changed; absent when there are none.",
    ),
)
REBOOT_REQUIRED = Metric(
    name="reboot_required",
    unit=Unit.BOOLEAN,
    better=Better.LOWER,
    title=Text("需要重启", "Restart required"),
    meaning=Text(
        "有更新要重启后才生效；系统上没有程序记录此事时缺失。",
        "An upgrade takes effect only after a restart; absent when nothing on the machine keeps "
        "track of it.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)
PENDING_UPDATES_COUNT = _count(
    "pending_updates_count",
    Text("待装更新", "Pending updates"),
    Text(
        "列表中有更新版本的已装软件包数。",
        "Installed packages for which the lists hold a newer version.",
    ),
)
PENDING_SECURITY_COUNT = _count(
    "pending_security_updates_count",
    Text("待装安全更新", "Pending security updates"),
    Text(
        "其中来自安全更新源（apt）或有安全公告（dnf）的软件包数；软件源不区分安全更新时缺失。",
        "Those of them that come from a security suite (apt) or have a security advisory (dnf); "
        "absent when the sources do not tell security updates apart.",
    ),
)

HISTORY, PENDING = "history", "pending"


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
        "两条读数。history：上次成功升级（apt 的 history.log 或 dpkg.log，dnf 的 dnf.rpm.log）、"
        "软件包列表的年龄、是否需要重启。pending：按本机已有的列表推算的待装更新数——apt-get 模拟 "
        "dist-upgrade（不联网、不加锁、不写缓存），dnf 用 --cacheonly。列表过旧或没有列表时，"
        "pending 为 not_run，而不是 0。",
        "Two readings. `history`: the last upgrade with success (apt's history.log or dpkg.log, "
        "dnf's dnf.rpm.log), the age of the package lists, whether a restart is due. `pending`: "
        "what the lists on this machine say is newer, by simulating apt-get dist-upgrade (no "
        "network, no lock, no cache written) or with dnf --cacheonly. With lists that are too old, "
        "or none, `pending` is not_run and never 0.",
    )
    limits = Text(
        "升级一个软件包也算一次更新；是否齐全看 pending。列表有多新取决于系统自己的定时任务，"
        "本探测不联网刷新；软件源长期没有变化时，列表会显得比实际旧。"
        "不经软件包管理器安装的程序看不到。dnf 的解析只用样例测试过。不支持 Windows。",
        "One upgraded package counts as an upgrade; whether all are done, `pending` tells. How new "
        "the lists are is up to the system's own timer: this probe never fetches, and where the "
        "sources do not change for long, lists look older than they are. Programs that came "
        "without the package manager are not seen. The reading of dnf was tested on samples only. "
        "Not for Windows.",
    )
    measures = (
        LAST_UPGRADE_AGE,
        LISTS_AGE,
        REBOOT_REQUIRED,
        PENDING_UPDATES_COUNT,
        PENDING_SECURITY_COUNT,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "part": Text("history（已发生的）或 pending（待装的）。", "`history` or `pending`."),
        "source": Text("软件包管理器：apt 或 dnf。", "The package manager: apt or dnf."),
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
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings
    deadline_seconds = 60.0

    def longest_seconds(self) -> float:
        return COMMAND_SECONDS * 1.25

    async def measure(self, target: Target) -> list[Reading]:
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        manager = package_manager(ROOT)
        if manager is None:
            raise ProbeError("no_source", "apt, dnf")
        history = await manager.history()
        now = time.time()
        return [
            _history(manager.name, history, now),
            await self._pending(manager, history.lists_at, now),
        ]

    async def _pending(
        self, manager: PackageManager, lists_at: float | None, now: float
    ) -> Reading:
        labels = {"part": PENDING, "source": manager.name}
        if lists_at is None:
            return Reading(Outcome.NOT_RUN, {}, labels, "no_lists")
        if not 0 <= now - lists_at <= self.settings.lists_max_days * _DAY:
            return Reading(Outcome.NOT_RUN, {}, labels, "stale_lists")
        try:
            pending = await manager.pending()
        except ProbeError as exc:  # what is in the history stays known
            return Reading(Outcome.NOT_RUN, {}, labels, exc.reason)
        values = {PENDING_UPDATES_COUNT: float(pending.all)}
        if pending.security is not None:
            values[PENDING_SECURITY_COUNT] = float(pending.security)
        return Reading.ok(values, labels)


def package_manager(root: Path) -> PackageManager | None:
    """The one that keeps this machine's packages."""
    if (root / "var/lib/dpkg/status").exists():
        return Apt(root)
    if any((root / folder).exists() for folder in ("var/lib/rpm", "usr/lib/sysimage/rpm")):
        return Dnf(root)
    return None


def _history(source: str, history: History, now: float) -> Reading:
    labels = {"part": HISTORY, "source": source}
    ages = {LAST_UPGRADE_AGE: history.upgraded_at, LISTS_AGE: history.lists_at}
    # From the future: the clock is wrong, and the age is not known.
    values = {m: now - at for m, at in ages.items() if at is not None and at <= now}
    if history.reboot_required is not None:
        values[REBOOT_REQUIRED] = float(history.reboot_required)
    if not values:
        return Reading(Outcome.NOT_RUN, {}, labels, "no_source")
    return Reading.ok(values, labels)
