"""Whether this machine writes down who did what, how long it keeps it, and where it sends it."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import PART, POSTURE_LABELS, age, boolean, count, unknown
from probes.text import Text

ROOT = Path("/")
POLICY, RETENTION = "policy", "retention"
PARTS = (POLICY, RETENTION)

AUDIT_RUNNING = boolean(
    "audit_running",
    Text("审核在运行", "Audit runs"),
    Text(
        "Linux：auditd 在运行，且内核没有关闭审计；Windows：至少一个审核子类别开启。",
        "Linux: auditd runs, and the kernel has not switched auditing off; Windows: at least one "
        "subcategory is audited.",
    ),
)
CATEGORIES = count(
    "audited_categories_count",
    Text("审核类别数", "Audited categories"),
    Text(
        "Windows 九个审核类别中，所有子类别都记录成功和失败的有几个；其他系统没有此值。",
        "Of the nine categories of Windows, those of which every subcategory logs success and "
        "failure; other systems have no such number.",
    ),
    Better.HIGHER,
)
RETENTION_SECONDS = age(
    "retention_seconds",
    Text("日志保留时间", "Logs are kept for"),
    Text(
        "设置规定日志至少保留多久（logrotate 的周期乘以份数；多个日志取最短）；"
        "只按大小限制时缺失。",
        "How long the settings keep logs at least (logrotate: the period times the files; the "
        "least of several logs); absent where only the size is limited.",
    ),
    Better.HIGHER,
)
FORWARDED = boolean(
    "forwarded",
    Text("日志已外送", "Logs are sent on"),
    Text(
        "登录日志无条件送往另一台机器：rsyslog 的 @、@@、omfwd、omrelp（服务在运行），OpenWrt 的 "
        "log_ip，或 Windows 事件转发设有服务器。",
        "Logs of logins go to another machine without a condition: @, @@, omfwd or omrelp of "
        "rsyslog while it runs, log_ip of OpenWrt, or a server of Windows' event forwarding.",
    ),
)
OLDEST = age(
    "oldest_record_age_seconds",
    Text("最早记录距今", "Age of the oldest record"),
    Text(
        "本机仍存的最早一条登录日志（auth.log、secure、journal、Windows 安全日志）距今多久。"
        "中间有没有缺口不在此列。",
        "How old the oldest record of the logs of logins is that this machine still holds "
        "(auth.log, secure, the journal, the Security log of Windows). Gaps in between are not "
        "told.",
    ),
    Better.HIGHER,
)


class PostureAuditLog(Probe[NoSettings]):
    name = "posture_audit_log"
    title = Text("审核与日志保留", "Audit and its retention")
    about = Text(
        "两条读数。policy：Linux 看 systemctl is-active 的退出码和 auditctl -s；Windows 调用 "
        "AuditQuerySystemPolicy（后备：auditpol /backup 的编号）。retention：rsyslog、logrotate、"
        "journald 的设置，日志文件和 journal 文件头里的第一条时间；Windows 看安全日志的注册表值和"
        "最早一个事件。",
        "Two readings. `policy`: on Linux the exit code of systemctl is-active, and auditctl -s; "
        "on Windows AuditQuerySystemPolicy (or the numbers of auditpol /backup). `retention`: "
        "settings of rsyslog, logrotate and journald, and the first time in log files and in the "
        "heads of journal files; on Windows values of the Security log in the registry, and its "
        "oldest event.",
    )
    limits = Text(
        "六个月的日志是否齐全，由采集器证明，不看这里。weekly 乘 rotate 24 是 168 天，不到 180 天。"
        "journald 的 MaxRetentionSec 是上限，空间不足时会更早删除。"
        "syslog-ng、第三方转发程序看不到。"
        "Windows 部分只用模拟的接口测试过。",
        "Whether six months of logs are there is proven at the collector, not here. weekly times "
        "rotate 24 is 168 days, fewer than 180. MaxRetentionSec of journald is an upper limit: "
        "where space is short it removes earlier. syslog-ng and programs of others that send logs "
        "are not seen. The Windows part was tested with feigned interfaces only.",
    )
    privilege = Text(
        "policy 在 Windows 上需要管理员；retention 在 Windows 上需要管理员，Linux 上读日志文件"
        "需要 root 或 adm 组。没有时为 no_privilege。",
        "On Windows both parts need an administrator. On Linux log files need root or the group "
        "adm. Without it: no_privilege.",
    )
    measures = (AUDIT_RUNNING, CATEGORIES, RETENTION_SECONDS, FORWARDED, OLDEST)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("policy（记什么）或 retention（留多久）。", "`policy` or `retention`."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "not_by_time": Text(
            "日志按大小而不是按时间保留，或没有日志，或转发设置带有条件，因此说不出。",
            "Logs are kept by size and not by time, or there are none, or they are sent on under a "
            "condition, so it cannot be told.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 60.0

    def longest_seconds(self) -> float:
        return 25.0

    async def measure(self, target: Target) -> list[Reading]:
        looks = _looks()
        return [r for part in PARTS for r in await self._part(part, looks[part])]

    async def _part(self, part: str, look: Callable[[], Awaitable[Facts]]) -> list[Reading]:
        try:
            facts = await look()
        except PermissionError:
            return [unknown(part, "no_privilege")]
        except ProbeError as exc:
            return [unknown(part, exc.reason)]
        except (OSError, ValueError):
            return [unknown(part, "unreadable")]
        return look_at(self.measures, part, lambda: facts)


def _looks() -> Mapping[str, Callable[[], Awaitable[Facts]]]:
    system = platform.system()
    if system == "Windows":
        from probes.auditlog import windows

        return {
            POLICY: lambda: asyncio.to_thread(windows.policy),
            RETENTION: lambda: asyncio.to_thread(windows.retention),
        }
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.auditlog import linux

    return {POLICY: lambda: linux.policy(ROOT), RETENTION: lambda: linux.retention(ROOT)}
