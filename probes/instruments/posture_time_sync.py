"""Whether something keeps this machine's clock right. How far it is off, clock_offset tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import NoSettings, Probe, Reading, Role, Target
from probes.parts import look_here
from probes.posture import PART, POSTURE_LABELS, boolean
from probes.text import Text

ROOT = Path("/")
SYNC = "sync"

SYNCHRONISED = boolean(
    "time_synchronised",
    Text("时钟已同步", "Clock synchronised"),
    Text(
        "时间服务正在校准时钟。Linux：内核记录的最大误差低于 16 秒的上限（与 timedatectl 相同）；"
        "Windows：本次开机以来最近一条时间服务事件说的是已同步。说不出时缺失。",
        "A time service keeps the clock. Linux: the largest error that the kernel allows for is "
        "below its limit of 16 s (as timedatectl has it); Windows: the newest event of the time "
        "service since the start tells of a source. Absent when nothing tells.",
    ),
)
SERVER_CONFIGURED = boolean(
    "time_server_configured",
    Text("已设置时间服务器", "Time server configured"),
    Text(
        "某个时间服务的设置中写有服务器；本机自己不算。",
        "The settings of some time service name a server other than this machine.",
    ),
)


class PostureTimeSync(Probe[NoSettings]):
    name = "posture_time_sync"
    title = Text("时间同步", "Time synchronisation")
    about = Text(
        "Linux：系统调用 adjtimex，不改任何东西；服务器看 chrony、ntp、ntpsec、systemd-timesyncd 的"
        "设置。OpenWrt：/etc/config/system 的 timeserver。Windows：W32Time 的注册表值，以及系统"
        "日志中时间服务事件的编号。",
        "Linux: the system call adjtimex, which changes nothing; servers from the settings of "
        "chrony, ntp, ntpsec and systemd-timesyncd. OpenWrt: `timeserver` of /etc/config/system. "
        "Windows: values of W32Time in the registry, and numbers of the time service's events in "
        "the System log.",
    )
    limits = Text(
        "时间准不准看 clock_offset。容器看到的是宿主机的时钟。OpenWrt 自带的客户端不把同步状态告诉"
        "内核，因此那里只有“是”，没有“否”。设置中有服务器不等于服务在运行。加入域的 Windows 的"
        "服务器来自域，说不出。Windows 部分只用模拟的注册表和日志测试过。",
        "Whether the time is right, clock_offset tells. A container sees the clock of its host. "
        "OpenWrt's own client does not tell the kernel, so there only a yes is known, never a no. "
        "A server in the settings does not mean that the service runs. Where Windows follows its "
        "domain the server is not known. The Windows part was tested with a feigned registry and "
        "log only.",
    )
    measures = (SYNCHRONISED, SERVER_CONFIGURED)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text(f"部分：{SYNC}。", f"The part: {SYNC}."),
        **POSTURE_LABELS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})

    def longest_seconds(self) -> float:
        from probes.timesync.linux import COMMAND_SECONDS

        return COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        return await look_here(self.measures, SYNC, "probes.timesync", ROOT)
