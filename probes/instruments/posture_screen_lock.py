"""Whether the sessions on this machine lock themselves when nobody uses them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, Reading, Role, Target
from probes.parts import look_here
from probes.posture import PART, POSTURE_LABELS, age, boolean, count
from probes.text import Text

ROOT = Path("/")
SESSION = "session"

LOCK_ENABLED = boolean(
    "lock_enabled",
    Text("自动锁屏", "Locks itself"),
    Text(
        "每个会话在无人使用时都会自动锁定（文本会话则是退出）。有一个不会，就是 0。",
        "Every session locks itself when nobody uses it (one of text ends). One that does not "
        "makes it 0.",
    ),
)
LOCK_AFTER = age(
    "lock_after_seconds_max",
    Text("多久后锁定", "Locks after"),
    Text(
        "无人使用多久后锁定；各会话中最长的一个；不锁定时缺失。",
        "How long nobody uses it before it locks: the longest of the sessions. Absent when one "
        "does not lock.",
    ),
)
SESSIONS = count(
    "sessions_count",
    Text("会话数", "Sessions"),
    Text(
        "已登录的会话数，即上面两项说的是几个会话。OpenWrt 上缺失。",
        "Sessions that are logged in, which the two others tell of. Absent on OpenWrt.",
    ),
    Better.NEITHER,
)


class PostureScreenLock(Probe[NoSettings]):
    name = "posture_screen_lock"
    title = Text("锁屏", "Screen lock")
    about = Text(
        "Linux：loginctl 列出会话；GNOME、MATE、UKUI、DDE 经 gsettings 读出对该用户生效的值"
        "（包括本机统一设置），文本会话看 /etc/profile 等处的 TMOUT。"
        "OpenWrt：dropbear 的 IdleTimeout。"
        "Windows：各登录用户的屏幕保护设置及其策略，以及 InactivityTimeoutSecs。",
        "Linux: loginctl lists sessions; for GNOME, MATE, UKUI and DDE gsettings tells what stands "
        "for the user (with what is set for the machine), for sessions of text TMOUT in "
        "/etc/profile and the like. OpenWrt: IdleTimeout of dropbear. Windows: the screen saver "
        "of each user who is logged in, the policy above it, and InactivityTimeoutSecs.",
    )
    limits = Text(
        "说的是设置；播放视频时桌面可能推迟锁定。没有人登录时为 no_session。KDE、Xfce 以及不用 "
        "gsettings 的新版 DDE 读不出，为 no_source。UKUI 的单位按分钟理解，未在真机上核对。"
        "DDE 只看接通电源时。课堂上该不该锁屏由策略决定。Windows 部分只用模拟的注册表测试过。",
        "It tells of settings; a desktop may hold the lock off while a film runs. Nobody logged in "
        "is no_session. KDE, Xfce, and newer DDE, which has left gsettings, cannot be read: "
        "no_source. Times of UKUI are taken as minutes, which was not checked on a machine. Of "
        "DDE only mains power counts. Whether a lesson should lock is for the policy. The Windows "
        "part was tested with a feigned registry only.",
    )
    privilege = Text(
        "自己的会话不需要；别的用户的设置需要 root 或管理员，没有时为 no_privilege。",
        "None for one's own session; settings of other users need root or an administrator, else "
        "no_privilege.",
    )
    measures = (LOCK_ENABLED, LOCK_AFTER, SESSIONS)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text(f"部分：{SESSION}。", f"The part: {SESSION}."),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_session": Text(
            "没有人登录，没有会话可看。",
            "Nobody is logged in, so there is no session to look at.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 150.0

    def longest_seconds(self) -> float:
        from probes.screenlock.linux import COMMAND_SECONDS, MOST_SESSIONS

        return COMMAND_SECONDS * (1 + MOST_SESSIONS * 4)

    async def measure(self, target: Target) -> list[Reading]:
        return await look_here(self.measures, SESSION, "probes.screenlock", ROOT)
