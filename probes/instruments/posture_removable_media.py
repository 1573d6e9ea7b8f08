"""Whether programs on media start by themselves, and whether USB storage is let in."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import PART, POSTURE_LABELS, POSTURE_REASONS, boolean
from probes.text import Text

ROOT = Path("/")
AUTORUN, USB_STORAGE = PARTS = ("autorun", "usb_storage")

AUTORUN_DISABLED = boolean(
    "autorun_disabled",
    Text("自动运行已关闭", "Autorun off"),
    Text(
        "对全机生效的设置关闭了所有驱动器的自动运行（1），或没有（0）；各用户自己的设置不算。",
        "A setting for the whole machine turns autorun off for all drives (1), or none does (0); "
        "what users set for themselves does not count.",
    ),
)
USB_STORAGE_BLOCKED = boolean(
    "usb_storage_blocked",
    Text("USB 存储已禁用", "USB storage blocked"),
    Text(
        "U 盘和移动硬盘被驱动、组策略、modprobe 或 USBGuard 挡住（1），或没有（0）。",
        "Driver, policy, modprobe or USBGuard keeps USB sticks and disks out (1), or none (0).",
    ),
    Better.NEITHER,
)


class PostureRemovableMedia(Probe[NoSettings]):
    name = "posture_removable_media"
    title = Text("移动存储介质", "Removable media")
    about = Text(
        "autorun：Windows 读机器级策略 NoDriveTypeAutoRun（低八位全为 1）和 NoAutorun；Linux 读"
        "系统级 dconf 中 GNOME、MATE、Cinnamon 的 autorun-never。usb_storage：Windows 读驱动 "
        "USBSTOR、UASPStor 的 Start（4 为禁用，两者都要）和组策略 RemovableStorageDevices；Linux "
        "看内核模块 usb_storage、uas 是否已载入、有没有、是否被 modprobe.d 挡住，以及 USBGuard。",
        "autorun: on Windows the machine's policies NoDriveTypeAutoRun (all of the low eight bits) "
        "and NoAutorun; on Linux autorun-never of GNOME, MATE and Cinnamon in the system's dconf. "
        "usb_storage: on Windows Start of the drivers USBSTOR and UASPStor (4 is off, and both "
        "must be) and the policy RemovableStorageDevices; on Linux whether the modules usb_storage "
        "and uas are loaded, exist, or are kept out by modprobe.d, and USBGuard.",
    )
    limits = Text(
        "第三方外设管控软件（包括麒麟、UOS 自带的）看不到，因此 0 的意思是“没有被这些设置挡住”。"
        "UKUI、DDE 等桌面的自动运行设置未知，为 no_source。没有桌面的机器没有自动运行，为 "
        "not_here。USBGuard 的规则允许某些存储设备时为 undecided。"
        "Windows 部分只用模拟的注册表测试过。",
        "Products for device control (those of Kylin and UOS too) are not seen, so 0 means that "
        "none of these settings keeps it out. Autorun of UKUI, DDE and others is not known: "
        "no_source. A machine without a desktop has no autorun: not_here. When rules of USBGuard "
        "let some storage in, it is undecided. The Windows part was tested with a feigned registry "
        "only.",
    )
    privilege = Text(
        "不需要特权；运行 USBGuard 时其规则只有 root 可读，否则为 no_privilege。",
        "None; where USBGuard runs, only root may read its rules, else no_privilege.",
    )
    measures = (AUTORUN_DISABLED, USB_STORAGE_BLOCKED)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("部分：" + "、".join(PARTS) + "。", "The part: " + ", ".join(PARTS) + "."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **POSTURE_REASONS,
        "undecided": Text(
            "有自定义的命令或规则决定是否放行，没有唯一的答案。",
            "A command or rule of its own decides what is let in, so there is no one answer.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})

    async def measure(self, target: Target) -> list[Reading]:
        looks = _looks()
        return await asyncio.to_thread(
            lambda: [r for part in PARTS for r in look_at(self.measures, part, looks[part])]
        )


def _looks() -> Mapping[str, Callable[[], Facts]]:
    system = platform.system()
    if system == "Windows":
        from probes.removable_media import windows

        return {AUTORUN: windows.autorun, USB_STORAGE: windows.usb_storage}
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.removable_media import linux

    return {
        AUTORUN: lambda: linux.autorun(ROOT),
        USB_STORAGE: lambda: linux.usb_storage(ROOT),
    }
