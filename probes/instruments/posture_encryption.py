"""Whether the disks of this machine are encrypted, so that a stolen one tells nothing."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import PART, POSTURE_LABELS, POSTURE_REASONS, boolean, count, unknown
from probes.text import Text

ROOT = Path("/")
SYSTEM, VOLUMES = "system", "volumes"
PARTS = (SYSTEM, VOLUMES)

SYSTEM_ENCRYPTED = boolean(
    "system_volume_encrypted",
    Text("系统盘已加密", "System volume encrypted"),
    Text(
        "装有系统的卷已加密：Linux 上根文件系统经由 dm-crypt；Windows 上 BitLocker 已完整加密"
        "并启用保护（暂停、加密中都不算）。",
        "The volume of the system is encrypted: on Linux / lies on dm-crypt; on Windows BitLocker "
        "has encrypted it whole and protects it (suspended or under way is not).",
    ),
)
VOLUMES_COUNT = count(
    "volumes_count",
    Text("卷数", "Volumes"),
    Text(
        "本机磁盘上已挂载的卷；不含 /boot、镜像、光盘和内存盘。Windows 上为有盘符的固定卷。",
        "Mounted volumes on disks of this machine, without /boot, images, optical disks and "
        "memory. On Windows fixed volumes with a letter.",
    ),
    Better.NEITHER,
)
ENCRYPTED_COUNT = count(
    "encrypted_volumes_count",
    Text("已加密的卷", "Encrypted volumes"),
    Text("其中已加密的卷数。", "Those of them that are encrypted."),
    Better.HIGHER,
)


class PostureEncryption(Probe[NoSettings]):
    name = "posture_encryption"
    title = Text("磁盘加密", "Disk encryption")
    about = Text(
        "Linux：lsblk 的 JSON 列出设备及其上下层，mountinfo 说明挂载在哪里；"
        "到磁盘的每条路径上都有 crypt 才算加密。Windows：管理员经 WMI 读 Win32_EncryptableVolume，"
        "普通用户读资源管理器的属性 System.Volume.BitLockerProtection。",
        "Linux: the JSON of lsblk lists devices and what they stand on, mountinfo what is mounted "
        "where; a volume is encrypted if `crypt` is on every way to its disks. Windows: "
        "Win32_EncryptableVolume through WMI as administrator, else the shell's property "
        "System.Volume.BitLockerProtection.",
    )
    limits = Text(
        "只看块设备的加密：fscrypt、eCryptfs、ZFS 自带的加密、硬盘自身的加密看不到。密钥保管得"
        "好不好不在此列。路由器闪存没有磁盘可加密，为 not_here。Windows 部分只用模拟的接口测试过。",
        "Encryption of block devices only: fscrypt, eCryptfs, that of ZFS and that inside of disks "
        "are not seen. How well keys are kept is not told. The flash of a router has no disk to "
        "encrypt: not_here. The Windows part was tested with feigned interfaces only.",
    )
    measures = (SYSTEM_ENCRYPTED, VOLUMES_COUNT, ENCRYPTED_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("部分：" + "、".join(PARTS) + "。", "The part: " + ", ".join(PARTS) + "."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = POSTURE_REASONS
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 60.0

    def longest_seconds(self) -> float:
        return 10.0

    async def measure(self, target: Target) -> list[Reading]:
        try:
            looks = await _looks()
        except ProbeError as exc:
            return [unknown(part, exc.reason) for part in PARTS]
        return [r for part in PARTS for r in look_at(self.measures, part, looks[part])]


Looks = Mapping[str, Callable[[], Facts]]


async def _looks() -> Looks:
    system = platform.system()
    if system == "Windows":
        return await asyncio.to_thread(_on_windows)
    if system != "Linux":
        raise ProbeError("unsupported_system")
    return await _on_linux()


async def _on_linux() -> Looks:
    from probes.encryption import linux

    try:
        mounts = linux.mounted(ROOT)
    except OSError as exc:
        raise ProbeError("no_source", str(linux.MOUNTS)) from exc
    if linux.is_flash(mounts):
        raise ProbeError("not_here")
    devices = await linux.listed()
    return {
        SYSTEM: lambda: linux.system_facts(mounts, devices),
        VOLUMES: lambda: linux.volume_facts(mounts, devices),
    }


def _on_windows() -> Looks:
    from probes.encryption import windows

    source, found = windows.read()
    return {
        SYSTEM: lambda: windows.system_facts(source, found, windows.system_drive()),
        VOLUMES: lambda: windows.volume_facts(source, found),
    }
