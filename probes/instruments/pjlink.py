"""Whether projectors and displays are on, how long their lamps burnt, and what they complain of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from probes.model import (
    Better,
    Metric,
    Probe,
    ProbeError,
    Reading,
    Role,
    SettingError,
    Target,
    setting,
)
from probes.net import RESOLVE_SECONDS, resolve
from probes.pjlink.message import (
    PARTS,
    BadAnswerError,
    Condition,
    Power,
    Refused,
    WrongPasswordError,
)
from probes.pjlink.session import Status, ask_status
from probes.posture import NONE, age, boolean
from probes.refusal import REFUSALS, RefusedError
from probes.text import Text

PORT = 4352
MOST_PROJECTORS = 256
AT_ONCE = 32
ALL = "all"
_HOUR = 3600
_KEYS = frozenset({"name", "host", "port", "password"})
_LARGEST_PORT = 65_535
_LONGEST_NAME = 64

ON = boolean(
    "on",
    Text("已开机", "On"),
    Text(
        "正在投影或正在预热（1）；待机或正在冷却（0）。",
        "It shows a picture or warms up (1); it is in standby or cools down (0).",
    ),
    Better.NEITHER,
)
ERROR = boolean(
    "error",
    Text("有故障", "Faulty"),
    Text(
        "该部件报告故障（ERST 为 2）；part 为 all 时，任一部件报告故障。警告（ERST 为 1）不算，"
        "见标签 state。",
        "The part reports an error (2 in ERST); with part `all`, any part does. A warning (1) "
        "does not count; the label `state` shows it.",
    ),
    Better.LOWER,
)
LAMP_SECONDS = age(
    "lamp_seconds",
    Text("灯泡使用时间", "Lamp use"),
    Text(
        "灯泡累计点亮的时间；设备只报告整小时。没有灯泡的设备（如激光光源）没有这一项。",
        "For how long the lamp has burnt; the device tells whole hours. Absent where there is no "
        "lamp, as with a laser.",
    ),
)
FILTER_SECONDS = age(
    "filter_seconds",
    Text("滤网使用时间", "Filter use"),
    Text(
        "滤网累计使用的时间；只有 PJLink 2 级的设备报告，整小时。",
        "For how long the filter has been in use; only devices of PJLink class 2 tell, in hours.",
    ),
)


@dataclass(frozen=True, slots=True)
class Projector:
    name: str
    host: str
    port: int = PORT
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    projectors: tuple[Mapping[str, Any], ...] = setting(
        (),
        Text(
            f"投影机，每台 name、host，可选 port、password；最多 {MOST_PROJECTORS} 台。",
            f"Projectors: name and host, and perhaps port and password; {MOST_PROJECTORS} at most.",
        ),
        secret=True,
    )
    timeout: float = setting(
        6.0,
        Text("与一台通话的最长时间，秒。", "Seconds that each projector may take."),
        minimum=0.1,
        maximum=6,
    )

    def __post_init__(self) -> None:
        names = [one.name for one in self.parsed()]
        if len(set(names)) != len(names) or len(names) > MOST_PROJECTORS:
            raise SettingError(
                Text(
                    f"projectors：名称应不同，最多 {MOST_PROJECTORS} 台；现有 {len(names)} 台。",
                    f"projectors: names must differ, {MOST_PROJECTORS} at most; "
                    f"there are {len(names)}.",
                )
            )

    def parsed(self) -> list[Projector]:
        """Raises SettingError, without any value."""
        return [_parsed(number, table) for number, table in enumerate(self.projectors, 1)]


def _parsed(number: int, table: object) -> Projector:
    if isinstance(table, Mapping) and {"name", "host"} <= table.keys() <= _KEYS:
        one = Projector(**table)
        texts = (one.name, one.host, one.password)
        fits = all(isinstance(text, str) for text in texts) and one.host
        named = fits and 0 < len(one.name) <= _LONGEST_NAME
        if named and type(one.port) is int and 1 <= one.port <= _LARGEST_PORT:
            return one
    raise SettingError(
        Text(
            f"projectors：第 {number} 台应有 name、host，可选 port（1 至 {_LARGEST_PORT}）、"
            "password。",
            f"projectors: number {number} must have name and host, and may have port (1 to "
            f"{_LARGEST_PORT}) and password.",
        )
    )


class Pjlink(Probe[Settings]):
    name = "pjlink"
    title = Text("投影机", "Projectors")
    about = Text(
        "以 PJLink（1 级和 2 级）询问每台投影机或大屏：电源、故障状态、灯泡时间、厂商、型号、"
        "输入源；2 级另问滤网时间。只问不控。口令按规范与随机数一起做 MD5，不以明文发送。"
        f"最多同时 {AT_ONCE} 台，一台一条读数（part 为 all），每个部件和灯泡各一条。",
        "Asks each projector or display by PJLink (class 1 and 2) for power, errors, lamp hours, "
        "maker, product and input, and in class 2 for the filter's hours. It only asks. The "
        "password goes out as MD5 with a random number, as the specification has it, never in "
        f"clear. {AT_ONCE} at once; a reading for each projector (part `all`), and one for each "
        "part and lamp.",
    )
    limits = Text(
        "数字是设备自己说的。待机时有的设备不答部分问题，有的断开网络（显示为 no_answer）。"
        "MD5 认证挡不住能监听网络的人。设备一次只接受一个连接，中控占用时可能得不到应答。",
        "The numbers are the device's own. In standby some leave questions open, and some leave "
        "the network (no_answer). MD5 does not stop who can listen. Devices serve one connection "
        "at a time, so a room controller that holds it may keep us out.",
    )
    measures = (ON, ERROR, LAMP_SECONDS, FILTER_SECONDS)
    labels: ClassVar[Mapping[str, Text]] = {
        "part": Text(
            "all 为整机；部件：" + "、".join(PARTS) + "；灯泡：lamp1、lamp2……",
            "`all` for the device; parts: " + ", ".join(PARTS) + "; lamps: lamp1, lamp2 ...",
        ),
        "state": Text(
            "整机：standby、on、cooling、warming；部件：ok、warning、error；灯泡：lit、out。",
            "Of the device: standby, on, cooling, warming; of a part: ok, warning, error; of a "
            "lamp: lit, out.",
        ),
        "maker": Text(f"厂商；没有说明时为 {NONE}。", f"Its maker; {NONE} if it does not say."),
        "product": Text(f"型号；没有说明时为 {NONE}。", f"Its model; {NONE} if it does not say."),
        "input": Text(
            f"输入源编号（1 RGB、2 视频、3 数字、4 存储、5 网络、6 内部，后接序号）；不知道时为 "
            f"{NONE}。",
            "Number of its input (1 RGB, 2 video, 3 digital, 4 storage, 5 network, 6 inside, and a "
            f"second digit); {NONE} while it is not known.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSALS,
        "no_answer": Text("规定时间内没有应答。", "No answer within the time allowed."),
        "broken_off": Text(
            "没有答完就断开了连接，可能正被别的设备占用。",
            "It hung up before it had answered; something else may be talking to it.",
        ),
        "wrong_password": Text(
            "口令不对，或设备要口令而没有配置。",
            "The password is wrong, or it wants one and none is set.",
        ),
        "bad_answer": Text("应答不符合 PJLink。", "What it answers is not PJLink."),
        "unavailable": Text(
            "设备说现在不能回答电源状态（ERR3）。",
            "The device says that it cannot tell its power now (ERR3).",
        ),
        "device_fault": Text(
            "设备说自己有故障（ERR4）。", "The device says that it is broken (ERR4)."
        ),
        "no_projectors": Text(
            "没有给出投影机；请设置 projectors。", "There are no projectors; set `projectors`."
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Settings
    deadline_seconds = 120.0

    def longest_seconds(self) -> float:
        rounds = -(-len(self.settings.projectors) // AT_ONCE)
        return rounds * (RESOLVE_SECONDS + self.settings.timeout)

    def reaches(self) -> Sequence[str]:
        return [one.host for one in self.settings.parsed()]

    async def measure(self, target: Target) -> list[Reading]:
        projectors = self.settings.parsed()
        if not projectors:
            raise self.not_run("no_projectors")
        turn = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._ask(one, turn) for one in projectors))
        return [reading for readings in found for reading in readings]

    async def _ask(self, one: Projector, turn: asyncio.Semaphore) -> list[Reading]:
        async with turn:
            try:
                address = await resolve(one.host, one.port)
                async with asyncio.timeout(self.settings.timeout):
                    status = await ask_status(address, one.password)
            except ProbeError as exc:
                return [Reading.not_run(exc.reason, _labels(), target=one.name)]
            except (
                OSError,
                RefusedError,
                asyncio.IncompleteReadError,
                BadAnswerError,
                WrongPasswordError,
            ) as exc:
                return [Reading.failed(_reason(exc), labels=_labels(), target=one.name)]
        return list(_readings(one.name, status))


def _reason(exc: Exception) -> str:
    match exc:
        case TimeoutError():
            return "no_answer"
        case RefusedError():
            return exc.refusal.value
        case WrongPasswordError():
            return "wrong_password"
        case BadAnswerError():
            return "bad_answer"
    return "broken_off"


_UNTOLD = {Refused.UNAVAILABLE: "unavailable", Refused.FAULT: "device_fault"}


def _readings(name: str, status: Status) -> Iterator[Reading]:
    known: dict[Metric, float] = {}
    if status.conditions:
        known[ERROR] = float(Condition.ERROR in status.conditions.values())
    if status.filter_hours is not None:
        known[FILTER_SECONDS] = float(status.filter_hours * _HOUR)
    if isinstance(status.power, Refused):
        reason = _UNTOLD.get(status.power, "bad_answer")
        yield Reading.failed(reason, known, _labels(status=status), target=name)
    else:
        known[ON] = float(status.power in (Power.ON, Power.WARMING))
        labels = _labels(state=status.power.name.lower(), status=status)
        yield Reading.ok(known, labels, target=name)
    for part, condition in status.conditions.items():
        labels = _labels(part, condition.name.lower(), status)
        yield Reading.ok({ERROR: float(condition is Condition.ERROR)}, labels, target=name)
    for number, lamp in enumerate(status.lamps, 1):
        labels = _labels(f"lamp{number}", "lit" if lamp.lit else "out", status)
        yield Reading.ok({LAMP_SECONDS: float(lamp.hours * _HOUR)}, labels, target=name)


def _labels(part: str = ALL, state: str = NONE, status: Status | None = None) -> dict[str, str]:
    said = (status.maker, status.product, status.input) if status else ("", "", "")
    maker, product, input_ = (text or NONE for text in said)
    return {"part": part, "state": state, "maker": maker, "product": product, "input": input_}
