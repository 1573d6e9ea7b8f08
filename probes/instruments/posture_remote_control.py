"""Which software for controlling a machine from afar is installed on it, and which of it runs."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from probes import metrics
from probes.model import Metric, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.posture import PART, POSTURE_LABELS, known, unknown
from probes.text import Text

if TYPE_CHECKING:
    from probes.remote_control.products import Answer, Found

ROOT = Path("/")
ALL, PRODUCT = "all", "product"
INSTALLED_COUNT, RUNNING_COUNT = metrics.PRODUCTS_INSTALLED, metrics.PRODUCTS_RUNNING
INSTALLED, RUNNING = metrics.PRODUCT_INSTALLED, metrics.PRODUCT_RUNNING


class PostureRemoteControl(Probe[NoSettings]):
    name = "posture_remote_control"
    title = Text("远程控制软件", "Remote-control software")
    about = Text(
        "按随程序发布、注明来源的特征表 probes/remote_control/products.toml 查找向日葵、ToDesk、"
        "网易 UU 远程、RustDesk、TeamViewer、AnyDesk、VNC 服务端等。Windows：卸载项的 DisplayName、"
        "服务名、进程名；Linux（含 UOS、麒麟）：软件包、systemd 单元、桌面文件、目录、进程名。"
        "一条读数给出总数，发现的产品各一条。只看名称，不读取其设置、账号或连接。",
        "Looks for Sunlogin, ToDesk, NetEase UU, RustDesk, TeamViewer, AnyDesk, VNC servers and "
        "others by the signatures in probes/remote_control/products.toml, which ship with the "
        "program and name their sources. Windows: DisplayName of uninstall keys, services, "
        "processes; Linux (UOS and Kylin too): packages, systemd units, desktop entries, folders, "
        "processes. One reading holds the totals, each product that was found has one of its own. "
        "It looks at names only, not at settings, accounts or connections.",
    )
    limits = Text(
        "不在表中的产品和改名的程序看不到，因此 0 的意思是“没有已知产品”。系统自带的远程桌面见 "
        "posture_sharing。Windows 上只为某个用户安装的程序没有机器级卸载项，只有运行时才看得到。"
        "表中多数名称未与安装实物核对；Windows 部分只用模拟的注册表测试过。",
        "Products that are not in the table, and renamed programs, are not seen, so 0 means no "
        "known product. For the system's own remote desktop see posture_sharing. On Windows a "
        "program installed for one user only has no machine-wide uninstall key and shows only "
        "while it runs. Most names were not compared with an installation; the Windows part was "
        "tested with a feigned registry only.",
    )
    privilege = Text(
        "不需要特权；系统隐藏其他用户的进程（hidepid）时，是否在运行为未知。",
        "None; where the system hides the processes of others (hidepid), running is unknown.",
    )
    measures = (INSTALLED_COUNT, RUNNING_COUNT, INSTALLED, RUNNING)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("all 为总数，product 为一个产品。", "`all` for the totals, or `product`."),
        PRODUCT: Text(
            "产品，见特征表中的 key；总数为 all。",
            "The product, a key of the table of signatures; `all` for the totals.",
        ),
        **POSTURE_LABELS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 30.0

    def longest_seconds(self) -> float:
        from probes.software.linux import COMMAND_SECONDS

        return COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        try:
            answer = await _answer()
        except PermissionError as exc:
            raise ProbeError("no_privilege", str(exc.filename)) from exc
        return [*_totals(answer), *(_product(answer, found) for found in answer.found)]


async def _answer() -> Answer:
    system = platform.system()
    if system == "Windows":
        from probes.remote_control import windows

        return await asyncio.to_thread(windows.look)
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.remote_control import linux

    return await linux.look(ROOT)


def _totals(answer: Answer) -> list[Reading]:
    """A count of what can only be seen in part would be too small, and is left out."""
    values: dict[Metric, float | None] = {}
    if not answer.hidden_installed:
        values[INSTALLED_COUNT] = sum(found.installed is True for found in answer.found)
    if not answer.hidden_running:
        values[RUNNING_COUNT] = sum(found.running is True for found in answer.found)
    readings = [known(ALL, answer.source, values, product=ALL)] if values else []
    reasons = {answer.hidden_installed, answer.hidden_running} - {""}
    hidden = [unknown(ALL, reason, answer.source, product=ALL) for reason in sorted(reasons)]
    return [*readings, *hidden]


def _product(answer: Answer, found: Found) -> Reading:
    values = {INSTALLED: found.installed, RUNNING: found.running}
    return known(PRODUCT, answer.source, values, product=found.key)
