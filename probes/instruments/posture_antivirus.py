"""Whether a machine has antivirus software, whether it runs, and how old its signatures are."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from probes import metrics
from probes.antivirus import linux
from probes.antivirus.products import PRODUCTS, Answer, Found
from probes.model import (
    Better,
    Metric,
    NoSettings,
    Outcome,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
)
from probes.text import Text

ROOT = Path("/")
ALL = "all"
"""The label of the reading about all products together."""

INSTALLED_COUNT, RUNNING_COUNT = metrics.PRODUCTS_INSTALLED, metrics.PRODUCTS_RUNNING
INSTALLED, RUNNING = metrics.PRODUCT_INSTALLED, metrics.PRODUCT_RUNNING


SIGNATURE_AGE = Metric(
    name="signature_age_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("病毒库年龄", "Age of the signatures"),
    meaning=Text(
        "病毒库制作至今的时间；产品不提供时缺失（目前只有 ClamAV 提供）。",
        "Since the signatures were made; absent where the product does not say (so far only ClamAV "
        "does).",
    ),
    resolution=1,
    minimum=0,
)


class PostureAntivirus(Probe[NoSettings]):
    name = "posture_antivirus"
    title = Text("防病毒软件", "Antivirus")
    about = Text(
        "Linux：在已装软件包（dpkg 状态文件或 rpm）、/opt 下的目录和进程名中查找已知产品："
        + "、".join(p.key for p in PRODUCTS)
        + "。一条读数给出总数，已装的产品各一条。ClamAV 病毒库的年龄取自 /var/lib/clamav 中 .cvd、"
        ".cld 文件头里的制作时间。只读取，不连接产品，也不扫描。",
        "Linux: looks for known products ("
        + ", ".join(p.key for p in PRODUCTS)
        + ") among the installed packages (dpkg's status file or rpm), folders below /opt and "
        "names of processes. One reading holds the totals, each installed product has one of its "
        "own. The age of ClamAV's signatures is the time of making in the headers of the .cvd and "
        ".cld files in /var/lib/clamav. It reads, and neither talks to a product nor scans.",
    )
    limits = Text(
        "进程存在不等于防护有效：是否开启实时防护看不出来。不在列表中的产品看不到，因此 0 的意思是"
        "“没有已知产品”。除 ClamAV 外，各产品在 Linux 上的名称未经实机核对。尚不支持 Windows："
        "那里应以安全中心（WSC）的状态为准，本版本没有读取。",
        "A process is no proof of protection: whether real-time protection is on does not show. A "
        "product that is not on the list is not seen, so 0 means no known product. But for ClamAV, "
        "the names on Linux were not compared with an installation. Not for Windows yet: the "
        "security centre (WSC) decides there, and this version does not read it.",
    )
    privilege = Text(
        "不需要特权；系统隐藏其他用户的进程（hidepid）时，是否在运行为未知。",
        "None; where the system hides the processes of others (hidepid), running is unknown.",
    )
    measures = (INSTALLED_COUNT, RUNNING_COUNT, INSTALLED, RUNNING, SIGNATURE_AGE)
    labels: ClassVar[Mapping[str, Text]] = {
        "product": Text(
            "产品：" + "、".join(p.key for p in PRODUCTS) + "；总数为 all。",
            "The product: " + ", ".join(p.key for p in PRODUCTS) + "; `all` for the totals.",
        )
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 30.0

    def longest_seconds(self) -> float:
        return linux.COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        answer = await linux.look(ROOT)
        now = time.time()
        return [_totals(answer), *(_product(found, now) for found in answer.found)]


def _totals(answer: Answer) -> Reading:
    """Unknown, and not 0, when nothing was found where not all could be seen."""
    labels = {"product": ALL}
    if answer.hidden and not answer.found:
        reason = "no_privilege" if answer.hidden == "processes" else "no_source"
        return Reading(Outcome.NOT_RUN, {}, labels, reason)
    values = {INSTALLED_COUNT: float(len(answer.found))}
    running = [found.running for found in answer.found if found.running is not None]
    if len(running) == len(answer.found):
        values[RUNNING_COUNT] = float(sum(running))
    return Reading.ok(values, labels)


def _product(found: Found, now: float) -> Reading:
    values = {INSTALLED: 1.0}
    if found.running is not None:
        values[RUNNING] = float(found.running)
    # From the future: the clock is wrong, and the age is not known.
    if found.signatures_at is not None and found.signatures_at <= now:
        values[SIGNATURE_AGE] = now - found.signatures_at
    return Reading.ok(values, {"product": found.key})
