"""What a machine offers to others: SMB1, shares, remote desktop, plain old services, SSH."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import (
    PART,
    POSTURE_LABELS,
    POSTURE_REASONS,
    boolean,
    count,
)
from probes.text import Text

ROOT = Path("/")
SMB1, SHARES, RDP, PLAIN, SSH = PARTS = ("smb1", "shares", "rdp", "plain", "ssh")

SMB1_SERVER = boolean(
    "smb1_server_enabled",
    Text("SMB1 服务端启用", "SMB1 server enabled"),
    Text(
        "本机按设置会与 SMB1 客户端交谈（1）或不会（0）；没有 SMB 服务的机器为 0。",
        "By its settings this machine serves clients of SMB1 (1), or not (0); 0 without a server "
        "of SMB.",
    ),
    Better.LOWER,
)
SMB1_CLIENT = boolean(
    "smb1_client_enabled",
    Text("SMB1 客户端启用", "SMB1 client enabled"),
    Text(
        "本机按设置会用 SMB1 连接别的机器，或正挂载着 SMB1 共享（1）。",
        "By its settings this machine uses SMB1 towards others, or has a share mounted over it "
        "(1).",
    ),
    Better.LOWER,
)
DEFAULT_SHARES = boolean(
    "default_shares_enabled",
    Text("默认共享存在", "Default shares"),
    Text(
        "Windows 自动建立的管理共享（C$、ADMIN$）此刻存在；Linux 没有，缺失。",
        "The shares that Windows makes itself (C$, ADMIN$) are there now; absent on Linux, which "
        "has none.",
    ),
    Better.LOWER,
)
USER_SHARES = count(
    "user_shares_count",
    Text("自建共享数", "Shares"),
    Text(
        "通过 SMB 共享的文件夹数，不含系统自建的和打印机。",
        "Folders shared over SMB, without those that the system makes itself and printers.",
    ),
    Better.NEITHER,
)
OPEN_SHARES = count(
    "open_shares_count",
    Text("任何人可写的共享数", "Shares that anybody may write"),
    Text(
        "其中共享权限允许任何人写入的个数：Windows 为 Everyone、匿名或来宾可写，Samba 为来宾可写。"
        "文件夹本身的权限不在此列。",
        "Those whose own permissions let anybody write: Everyone, anonymous or guests on Windows, "
        "guests for Samba. Permissions of the folder itself are not looked at.",
    ),
)
RDP_ENABLED = boolean(
    "rdp_enabled",
    Text("远程桌面开启", "Remote desktop on"),
    Text(
        "Windows 按设置接受远程桌面连接；Linux 上有程序在 RDP 端口对外监听。",
        "Windows is set to accept remote desktop connections; on Linux something listens for "
        "others on the port of RDP.",
    ),
    Better.LOWER,
)
RDP_NLA = boolean(
    "rdp_nla_required",
    Text("远程桌面要求网络级身份验证", "Network level authentication required"),
    Text(
        "先验明身份才建立会话（NLA）。xrdp 没有此功能，为 0；Linux 上没有远程桌面时缺失。",
        "Who comes must prove himself before a session begins (NLA). xrdp cannot, so 0; absent on "
        "Linux without a remote desktop.",
    ),
)


def _listening(name: str, zh: str, en: str, ports: str) -> tuple[str, Text, Text, Better]:
    return (
        f"{name}_listening",
        Text(f"{zh} 对外监听", f"{en} listening"),
        Text(
            f"有程序在 {ports} 对外监听；绑定在环回地址的不算。",
            f"A program listens on {ports} for more than this machine itself.",
        ),
        Better.LOWER,
    )


TELNET = boolean(*_listening("telnet", "Telnet", "Telnet", "tcp/23"))
FTP = boolean(*_listening("ftp", "FTP", "FTP", "tcp/21"))
TFTP = boolean(*_listening("tftp", "TFTP", "TFTP", "udp/69"))
R_SERVICES = boolean(*_listening("r_services", "r 系列服务", "r-services", "tcp/512, 513, 514"))
SSH_ROOT = boolean(
    "ssh_root_login",
    Text("SSH 允许 root 登录", "root may log in over SSH"),
    Text(
        "root 能以某种方式（包括仅密钥）登录（1），或不能（0）；没有 SSH 服务为 0，Windows 缺失。",
        "root may log in in some way, by key only too (1), or not at all (0); 0 without a server "
        "of SSH, absent on Windows.",
    ),
    Better.LOWER,
)
SSH_PASSWORD = boolean(
    "ssh_password_login",
    Text("SSH 允许口令登录", "Passwords suffice for SSH"),
    Text(
        "仅凭口令即可登录，包括经 PAM 的键盘交互（1），或必须有密钥（0）；没有 SSH 服务为 0。",
        "A password alone lets somebody in, keyboard-interactive through PAM too (1), or a key is "
        "asked for (0); 0 without a server of SSH.",
    ),
    Better.LOWER,
)


class PostureSharing(Probe[NoSettings]):
    name = "posture_sharing"
    title = Text("对外开放的功能", "What is offered to others")
    about = Text(
        "每个部分一条读数。smb1、shares：Windows 读注册表（SMB1、驱动 srv 与 mrxsmb10 的 Start，"
        "1709 起默认不装）和 NetShareEnum；Linux 读 smb.conf，未设置时按已装 Samba 的版本"
        "（4.11 起默认 SMB2）；OpenWrt 读 /etc/config。rdp：Windows 读注册表，组策略优先；Linux 看"
        "谁在监听。plain：套接字表中对外监听的端口。ssh：sshd_config 及其 Include，同名项以先出现的"
        "为准，以及 OpenSSH 的默认值；OpenWrt 为 dropbear。",
        "One reading for each part. smb1, shares: on Windows the registry (SMB1, Start of the "
        "drivers srv and mrxsmb10; not installed by default since 1709) and NetShareEnum; on Linux "
        "smb.conf, and where it is silent the version of Samba (SMB2 by default since 4.11); on "
        "OpenWrt /etc/config. rdp: the registry on Windows, policies first; on Linux who listens. "
        "plain: ports that are open to others in the socket tables. ssh: sshd_config with its "
        "includes, the first value of a keyword counts, OpenSSH's defaults; Dropbear on OpenWrt.",
    )
    limits = Text(
        "说的是设置和监听，不是能否连上：防火墙见 posture_firewall。改了设置而没有重启的服务、"
        "命令行参数、不在常用端口上的服务、NFS 等其他共享看不到。Match 块或无法跟进的 Include 可能"
        "改变答案时为 undecided。tcp/514 也是日志接收端口，只有看得到是哪个程序时才下结论。"
        "Windows 部分只用模拟的注册表和接口测试过。",
        "It tells of settings and listeners, not of reachability: see posture_firewall. A service "
        "that was not restarted after a change, options on a command line, services on unusual "
        "ports and other shares such as NFS are not seen. Where a Match block or an include that "
        "cannot be followed might change the answer, it is undecided. Receivers of logs wait on "
        "tcp/514 too, so that is decided only where the program can be seen. The Windows part was "
        "tested with a feigned registry and API only.",
    )
    privilege = Text(
        "多数不需要。没有 root 或管理员时可能为 no_privilege：Windows 共享的权限、用户自建的 Samba "
        "共享、tcp/514 属于哪个程序、只有 root 可读的 sshd_config。",
        "Mostly none. Without root or an administrator's rights these may be no_privilege: the "
        "permissions of Windows shares, shares that users made in Samba, whose tcp/514 is, an "
        "sshd_config that only root may read.",
    )
    measures = (
        SMB1_SERVER,
        SMB1_CLIENT,
        DEFAULT_SHARES,
        USER_SHARES,
        OPEN_SHARES,
        RDP_ENABLED,
        RDP_NLA,
        TELNET,
        FTP,
        TFTP,
        R_SERVICES,
        SSH_ROOT,
        SSH_PASSWORD,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("部分：" + "、".join(PARTS) + "。", "The part: " + ", ".join(PARTS) + "."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **POSTURE_REASONS,
        "undecided": Text(
            "设置因来者而异，或有一部分无法跟进，或看不出是哪种服务，因此没有唯一的答案。",
            "The settings differ by who comes, or a part of them cannot be followed, or the kind "
            "of service cannot be told, so there is no one answer.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 30.0

    def longest_seconds(self) -> float:
        from probes.software.linux import COMMAND_SECONDS

        return COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        looks = await _looks()
        return await asyncio.to_thread(_look, looks)


Looks = Mapping[str, Callable[[], Facts]]


def _look(looks: Looks) -> list[Reading]:
    return [r for part in PARTS for r in look_at(PostureSharing.measures, part, looks[part])]


async def _looks() -> Looks:
    """How each part is read on this system."""
    from probes.sharing import ports

    system = platform.system()
    if system == "Windows":
        from probes.sharing import windows

        return {
            SMB1: windows.smb1,
            SHARES: windows.shares,
            RDP: windows.rdp,
            PLAIN: ports.plain_services,
            SSH: windows.ssh,
        }
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.software import linux

    if linux.is_openwrt(ROOT):
        return {**_openwrt_looks(), PLAIN: ports.plain_services}
    return {**await _linux_looks(), PLAIN: ports.plain_services}


async def _linux_looks() -> Looks:
    from probes.sharing import linux
    from probes.software.linux import packages

    installed = await packages(ROOT)
    return {
        SMB1: lambda: linux.smb1(ROOT, installed),
        SHARES: lambda: linux.shares(ROOT),
        RDP: lambda: linux.rdp(ROOT),
        SSH: lambda: linux.ssh(ROOT),
    }


def _openwrt_looks() -> Looks:
    from probes.sharing import openwrt

    def no_desktop() -> Facts:
        raise ProbeError("not_here")

    return {
        SMB1: lambda: openwrt.smb1(ROOT),
        SHARES: lambda: openwrt.shares(ROOT),
        RDP: no_desktop,
        SSH: lambda: openwrt.ssh(ROOT),
    }
