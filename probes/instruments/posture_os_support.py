"""Whether the maker of this machine's system still mends it, from a dated table."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar

from probes.model import Better, Metric, NoSettings, Probe, ProbeError, Reading, Role, Target, Unit
from probes.posture import PART, POSTURE_LABELS, boolean, known, unknown
from probes.support import linux, windows
from probes.support.table import End, Release, load
from probes.text import Text

ROOT = Path("/")
RELEASE = "release"
"""The one part."""


def _seconds(name: str, better: Better, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=better,
        title=title,
        meaning=meaning,
        resolution=1000,
        minimum=0,
    )


SUPPORTED = boolean(
    "supported",
    Text("系统仍受支持", "Supported"),
    Text(
        "该版本仍有免费的安全更新（1），或已停止（0）。",
        "Security fixes for this release still come free of charge (1), or have ended (0).",
    ),
)
SUPPORT_LEFT = _seconds(
    "support_left_seconds",
    Better.HIGHER,
    Text("距停止支持", "Until support ends"),
    Text("距停止支持的时间；已停止时缺失。", "Until the end of support; absent once it is over."),
)
SUPPORT_ENDED = _seconds(
    "support_ended_seconds",
    Better.LOWER,
    Text("已停止支持", "Since support ended"),
    Text("自停止支持以来的时间；仍受支持时缺失。", "Since the end of support; absent before it."),
)
DATA_AGE = _seconds(
    "data_age_seconds",
    Better.LOWER,
    Text("支持期限数据的年龄", "Age of the data"),
    Text(
        "表中该条自上次与来源核对以来的时间；超过一年应更新代理程序或重新核对。",
        "Since the row of the table was last compared with its source; above a year, update the "
        "agent or compare again.",
    ),
)


class PostureOsSupport(Probe[NoSettings]):
    name = "posture_os_support"
    title = Text("系统支持期限", "End of support")
    about = Text(
        "识别操作系统及版本（Linux 取自 os-release，麒麟另看 .kyinfo 和 kylin-release，UOS 另看 "
        "os-version，OpenWrt 另看 openwrt_release，Windows 取自注册表中的内部版本号和版本类别），"
        "在随程序发布、注明来源和核对日期的表 probes/support/ends.toml 中查停止支持的日期。"
        "Debian 以 LTS 结束为准；需付费或登记的延长支持（Ubuntu Pro、Windows ESU 等）不计。",
        "Finds out the system and its release (os-release on Linux, with .kyinfo and kylin-release "
        "of Kylin, os-version of UOS and openwrt_release of OpenWrt; build number and edition from "
        "the registry on Windows) and looks up the end of its support in probes/support/ends.toml, "
        "which ships with the program and names source and date of each row. For Debian that is "
        "the end of LTS; extensions that cost money or a registration (Ubuntu Pro, Windows ESU) do "
        "not count.",
    )
    limits = Text(
        "表中没有的版本是未知（unknown_release），从不当作受支持；目前没有银河麒麟、统信 UOS、"
        "deepin、OpenWrt 和 Windows Server 的可核实日期。受支持不等于已装更新，见 posture_updates。"
        "看不出是否购买了延长支持。Windows 部分只用模拟的注册表测试过。",
        "A release that is not in the table is unknown (unknown_release) and never taken for "
        "supported; so far there are no dates that could be verified for Kylin, UOS, deepin, "
        "OpenWrt and Windows Server. Supported does not mean updated: see posture_updates. A paid "
        "extension is not seen. The Windows part was tested with a feigned registry only.",
    )
    measures = (SUPPORTED, SUPPORT_LEFT, SUPPORT_ENDED, DATA_AGE)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("总是 release（版本）。", "Always `release`."),
        "system": Text("系统，如 debian、windows。", "The system, such as debian or windows."),
        "release": Text(
            "版本，如 12、11-24h2-home-pro；滚动发行版为 -。",
            "The release, such as 12 or 11-24h2-home-pro; `-` for one without a number.",
        ),
        "build": Text(
            "该版本的确切状态，如 19045.6456、12.11 或麒麟的 milestone；系统不提供时为 -。",
            "The exact state of the release, such as 19045.6456, 12.11 or the milestone of Kylin; "
            "`-` where the system has no word for it.",
        ),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "unknown_release": Text(
            "支持期限表中没有这个系统版本，是否仍受支持未知。",
            "The table of ends of support does not know this release; whether it is supported is "
            "not known.",
        ),
        "wrong_clock": Text(
            "本机时钟早于数据的核对日期，无法判断是否已到期。",
            "The clock of this machine is behind the day on which the data were checked, so "
            "nothing can be said of an end.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})

    async def measure(self, target: Target) -> Reading:
        release, build, source = _identify()
        named = {"system": release.system, "release": release.name, "build": build}
        end = load().get(release)
        if end is None:
            return unknown(RELEASE, "unknown_release", source, **named)
        now = datetime.now(UTC)
        if now.date() < end.checked - timedelta(days=1):
            return unknown(RELEASE, "wrong_clock", source, **named)
        return known(RELEASE, source, values_of(end, now), **named)


def values_of(end: End, now: datetime) -> dict[Metric, float]:
    """The last day of support counts whole, in UTC."""
    midnight = time(0, tzinfo=UTC)
    over = datetime.combine(end.on + timedelta(days=1), midnight)
    left = (over - now).total_seconds()
    age = max(0.0, (now - datetime.combine(end.checked, midnight)).total_seconds())
    measured = {SUPPORT_LEFT: left} if left > 0 else {SUPPORT_ENDED: -left}
    return {SUPPORTED: float(left > 0), **measured, DATA_AGE: age}


def _identify() -> tuple[Release, str, str]:
    """Release, build, and where that was read."""
    system = platform.system()
    if system == "Windows":
        if (found := windows.identify()) is None:
            raise ProbeError("no_source", windows.KEY)
        return *found, "registry"
    if system != "Linux":
        raise ProbeError("unsupported_system")
    release = linux.identify(ROOT)
    if release is None:
        raise ProbeError("no_source", "os-release")
    return release, linux.build(ROOT), "file"
