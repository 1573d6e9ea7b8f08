"""Whether a machine has antivirus software, whether it is on, and how old its signatures are."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from probes import metrics
from probes.antivirus import linux
from probes.antivirus.products import Answer, Found
from probes.model import Better, Metric, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.posture import PART, POSTURE_LABELS, age, boolean, count, known, unknown
from probes.software.linux import COMMAND_SECONDS
from probes.text import Text

ROOT = Path("/")
ALL, PRODUCT = "all", "product"
"""The parts; the reading about all products together bears the product `all` too."""

INSTALLED_COUNT, RUNNING_COUNT = metrics.PRODUCTS_INSTALLED, metrics.PRODUCTS_RUNNING
INSTALLED, RUNNING = metrics.PRODUCT_INSTALLED, metrics.PRODUCT_RUNNING
PROTECTING_COUNT = count(
    "protecting_products_count",
    Text("起作用的防病毒产品数", "Antivirus products that protect"),
    Text(
        "其中自称已开启、没有关闭实时防护、且常驻程序确实在运行的个数；没有一个可以肯定、"
        "又有产品看不出时缺失，所以 0 是确知没有防护。Linux 上的产品不说是否开启，"
        "因此那里只会是 0 或缺失。",
        "Those of them that say they are on, do not say that real-time protection is off, and "
        "whose resident program is seen to run. Absent while none is sure and one cannot be told, "
        "so that 0 means: surely unprotected. Products on Linux do not say whether they are on; "
        "there it is 0 or absent.",
    ),
    Better.HIGHER,
)
ENABLED = boolean(
    "enabled",
    Text("已开启", "Switched on"),
    Text(
        "产品自己说防护是开启的（Windows 安全中心，或 Defender 的状态）；关闭、暂停、过期为 0。"
        "已有其他产品时 Defender 让位，为 0 是正常的。",
        "The product itself says that its protection is on (security centre of Windows, or the "
        "status of Defender); off, snoozed and expired are 0. Defender stands back for another "
        "product, and its 0 is normal then.",
    ),
)
SIGNATURES_CURRENT = boolean(
    "signatures_current",
    Text("病毒库够新", "Signatures current"),
    Text(
        "产品自己说病毒库没有过期；没有说时缺失。",
        "The product itself says that its signatures are not out of date; absent if it does not.",
    ),
)
REAL_TIME = boolean(
    "real_time",
    Text("实时防护", "Real-time protection"),
    Text(
        "实时防护已开启；目前只有 Defender 会说，它让位给其他产品时缺失。",
        "Real-time protection is on; so far only Defender says so, and not while it stands back "
        "for another product.",
    ),
)
SIGNATURE_AGE = age(
    "signature_age_seconds",
    Text("病毒库年龄", "Age of the signatures"),
    Text(
        "病毒库制作（ClamAV）或上次更新（Defender）至今的时间；其他产品不提供，缺失。"
        "总数 all 中是起作用的产品里最旧的；其中有一个不提供即缺失。",
        "Since the signatures were made (ClamAV) or last brought in (Defender); absent for the "
        "others, which do not say. In `all` it is the oldest of the products that protect, and "
        "absent if one of these does not say.",
    ),
)


class PostureAntivirus(Probe[NoSettings]):
    name = "posture_antivirus"
    title = Text("防病毒软件", "Antivirus")
    about = Text(
        "一条读数给出总数，每个产品各一条。产品名称在 probes/antivirus/products.toml 中。Linux（含"
        " OpenWrt、麒麟、UOS）：查找已装软件包（dpkg、opkg、apk 的状态文件或 rpm）、/opt 下的目录"
        "和进程名；ClamAV 病毒库的年龄取自 /var/lib/clamav 中 .cvd、.cld 文件头里的制作时间。"
        "Windows：安全中心（IWSCProductList；不应答时用注册表中的同一份登记）说出每个产品是否开"
        "启、病毒库是否过期，再核对程序文件是否存在、进程是否在运行；Defender 另有 "
        "MSFT_MpComputerStatus（实时防护、病毒库时间），读不到时病毒库时间取自注册表。未登记的产品"
        "按进程、服务、卸载列表查找。几个产品并存、Defender 关闭是正常的。Windows Server 没有安全"
        "中心。只读取，不连接产品，也不扫描。",
        "One reading holds the totals, each product has one of its own. The names of products are "
        "in probes/antivirus/products.toml. Linux (OpenWrt, Kylin and UOS among them): looks "
        "among the installed packages (status files of dpkg, opkg, apk, or rpm), folders below "
        "/opt and names of processes; the age of ClamAV's signatures is the time of making in the "
        "headers of the .cvd and .cld files in /var/lib/clamav. Windows: the security centre "
        "(IWSCProductList; where it does not answer, the same list in the registry) says of each "
        "product whether it is on and its signatures are out of date; whether its program is "
        "there and runs is looked at as well. Defender adds MSFT_MpComputerStatus (real-time "
        "protection, time of the signatures; the latter from the registry where that does not "
        "answer). Products that are not registered are sought among processes, services and "
        "installed programs. Several products with Defender off is normal. Windows Server has no "
        "security centre. It reads, and neither talks to a product nor scans.",
    )
    limits = Text(
        "不在名单中的产品，只有在 Windows 安全中心登记过才看得到，因此 Linux 上 0 的意思是“没有已知"
        "产品”。除 ClamAV 外，各产品的名称未经实机核对。只有进程、没有登记的产品是否开启未知。"
        "Windows 部分只在模拟的系统上测试过。",
        "A product that is not on the list is seen only where the security centre of Windows "
        "knows it, so on Linux 0 means no known product. But for ClamAV, the names were not "
        "compared with an installation. Of a product that runs and is not registered it is not "
        "known whether it is on. The Windows part was tested on a feigned system only.",
    )
    privilege = Text(
        "不需要特权；系统隐藏其他用户的进程（hidepid）时，是否在运行为未知。",
        "None; where the system hides the processes of others (hidepid), running is unknown.",
    )
    measures = (
        INSTALLED_COUNT,
        RUNNING_COUNT,
        PROTECTING_COUNT,
        INSTALLED,
        RUNNING,
        ENABLED,
        SIGNATURES_CURRENT,
        REAL_TIME,
        SIGNATURE_AGE,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("all（总数）或 product（一个产品）。", "`all` (the totals) or `product`."),
        PRODUCT: Text(
            "产品，名单中的 key，如 huorong；不在名单中的取自其登记名称；总数为 all。",
            "The product: a key of the list, such as huorong, else from the name under which it is "
            "registered; `all` for the totals.",
        ),
        **POSTURE_LABELS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 45.0

    def longest_seconds(self) -> float:
        return COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        now = time.time()
        answer = await self._answer(now)
        return [_totals(answer, now), *(_product(found, now) for found in answer.found)]

    async def _answer(self, now: float) -> Answer:
        if platform.system() == "Windows":
            from probes.antivirus import windows

            return await asyncio.to_thread(windows.look, now)
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        return await linux.look(ROOT)


def _totals(answer: Answer, now: float) -> Reading:
    """Unknown, and not 0, when nothing was found where not all could be seen."""
    here = [found for found in answer.found if found.installed]
    if answer.hidden and not here:
        return unknown(ALL, answer.hidden, product=ALL)
    running = [found.running for found in here]
    values: dict[Metric, float | None] = {
        INSTALLED_COUNT: len(here),
        RUNNING_COUNT: None if None in running else running.count(True),
        PROTECTING_COUNT: _protecting(answer),
        SIGNATURE_AGE: _oldest(here, now),
    }
    return known(ALL, answer.source, values, product=ALL)


def _protecting(answer: Answer) -> float | None:
    """Of those that surely do; 0 only where surely none does."""
    protects = [found.protects for found in answer.found]
    sure = float(protects.count(True))
    return None if not sure and (answer.hidden or None in protects) else sure


def _oldest(here: Sequence[Found], now: float) -> float | None:
    """Of the products that protect, else of those that may, else of all; None if one of these
    does not say. A product that stands back for another is no matter."""
    sure = [found for found in here if found.protects]
    ages = [_age(f, now) for f in sure or [f for f in here if f.protects is None] or here]
    known_ages = [age for age in ages if age is not None]
    return max(known_ages) if ages and len(known_ages) == len(ages) else None


def _age(found: Found, now: float) -> float | None:
    """From the future: the clock is wrong, and the age is not known."""
    at = found.signatures_at
    return now - at if at is not None and at <= now else None


def _product(found: Found, now: float) -> Reading:
    values: dict[Metric, float | None] = {
        INSTALLED: found.installed,
        RUNNING: found.running,
        ENABLED: found.enabled,
        SIGNATURES_CURRENT: found.signatures_current,
        REAL_TIME: found.real_time,
        SIGNATURE_AGE: _age(found, now),
    }
    return known(PRODUCT, found.source, values, product=found.key)
