"""The vocabulary: what a metric, a target, a reading and a probe are.

A probe says what it measured. It does not say whether that is good (policy and the judge do), and
it neither stores nor logs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar

from probes.text import BanjunError, Text


class Unit(StrEnum):
    """Base units; a metric's name carries its unit, except for `boolean` (1 = yes, 0 = no).

    `dbm` is radio power against a milliwatt, on a logarithmic scale; it is below 0 on every client.
    """

    SECONDS = "seconds"
    RATIO = "ratio"
    BITS_PER_SECOND = "bits_per_second"
    BYTES = "bytes"
    COUNT = "count"
    CELSIUS = "celsius"
    HERTZ = "hertz"
    DBM = "dbm"
    BOOLEAN = "boolean"


class Better(StrEnum):
    """Which direction is good news; `neither` for plain facts."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Role(StrEnum):
    """What an agent is to its school. One live agent per site also holds the lease `sentinel`."""

    GATEWAY = "gateway"
    PC = "pc"
    SENTINEL = "sentinel"


class Outcome(StrEnum):
    """`failed`: the target failed, which is knowledge. `not_run`: nothing was learned."""

    OK = "ok"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A named quantity: `<quantity>_<unit>[_<statistic>]` in base units.

    Attributes:
        resolution: the step to which stored values are rounded; finer digits are noise.
        minimum, maximum: a value outside is refused on receipt. None = unbounded.
        reference: the RFC, standard or paper that defines the quantity, where there is one.
    """

    name: str
    unit: Unit
    better: Better
    title: Text
    meaning: Text
    resolution: float
    minimum: float | None = None
    maximum: float | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What a probe is aimed at. `name` is stored; `host` and `port` are where it is now."""

    name: str
    host: str = ""
    port: int | None = None


LOCAL = Target("local")
"""The machine the agent runs on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run returned. A quantity that was not measured is absent from `values`.

    Attributes:
        values: metric -> value in the metric's unit.
        labels: one value for each label name that the probe declares.
        reason: a key of `Probe.reasons` or COMMON_REASONS; empty when the outcome is ok.
        target: what this reading is about, where one run looks at many things; empty = the target
            of the run.
    """

    outcome: Outcome
    values: Mapping[Metric, float]
    labels: Mapping[str, str]
    reason: str = ""
    target: str = ""

    @classmethod
    def ok(
        cls,
        values: Mapping[Metric, float],
        labels: Mapping[str, str] | None = None,
        *,
        target: str = "",
    ) -> Self:
        return cls(Outcome.OK, values, labels or {}, target=target)

    @classmethod
    def failed(
        cls,
        reason: str,
        values: Mapping[Metric, float] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        target: str = "",
    ) -> Self:
        """The target failed: a fact about the target, with whatever was measured on the way."""
        return cls(Outcome.FAILED, values or {}, labels or {}, reason, target)

    @classmethod
    def not_run(
        cls, reason: str, labels: Mapping[str, str] | None = None, *, target: str = ""
    ) -> Self:
        """Nothing was learned about one of many things; where all is unknown, raise ProbeError."""
        return cls(Outcome.NOT_RUN, {}, labels or {}, reason, target)


COMMON_REASONS: Mapping[str, Text] = {
    "deadline": Text(
        "探测在规定时间内没有结束，什么也没有测到。",
        "The probe did not finish within its deadline; nothing was measured.",
    ),
    "interrupted": Text(
        "探测进行时本机休眠或代理程序被暂停，看到的不可信。",
        "The machine slept, or the agent was stopped, while the probe ran; what it saw means "
        "nothing.",
    ),
    "unresolved": Text(
        "目标名称无法解析为地址，对目标本身一无所知。",
        "The target's name did not resolve to an address; nothing is known about the target.",
    ),
    "no_route": Text(
        "本机没有到目标的路由或网络未就绪。",
        "This machine has no route to the target, or its network is not up.",
    ),
    "no_socket": Text(
        "本机无法打开套接字（文件描述符用尽或被禁止）。",
        "This machine could not open a socket (out of descriptors, or forbidden).",
    ),
    "no_privilege": Text(
        "代理程序的权限不足，无法读取该事实。",
        "The agent lacks the privilege to read this fact.",
    ),
    "no_source": Text(
        "本机没有可读取该事实的来源。",
        "This machine has no source from which the fact can be read.",
    ),
    "unreadable": Text(
        "来源存在，但内容无法识别。",
        "The source exists, but what it says could not be understood.",
    ),
    "unsupported_system": Text(
        "此探测尚不支持本机的操作系统。",
        "This probe does not support the operating system of this machine yet.",
    ),
    "not_allowed": Text(
        "本机的允许清单不允许此探测或此目标。",
        "The local allow-list of this machine does not permit this probe or target.",
    ),
    "fault": Text(
        "探测程序自身出错，详情见代理程序日志。",
        "The probe itself is at fault; the agent's log has the details.",
    ),
}


class ProbeError(BanjunError):
    """The probe could not run: nothing was learned about the target.

    `reason` is a key of COMMON_REASONS or of the probe's `reasons`.
    """

    def __init__(self, reason: str, detail: str | Text = "") -> None:
        """`detail` is added to the words of a common reason; it is the words of a probe's own."""
        more = detail if isinstance(detail, Text) else Text(detail, detail)
        common = COMMON_REASONS.get(reason)
        if common is None:
            super().__init__(more if more.en else Text(reason, reason))
        else:
            super().__init__(Text(common.zh + more.zh, f"{common.en} {more.en}".rstrip()))
        self.reason = reason


class SettingError(BanjunError):
    """A setting has an unknown name, the wrong type or a value out of bounds."""


def setting(
    default: Any,
    help: Text,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    secret: bool = False,
) -> Any:
    """A field of a `Settings` dataclass, with its help and its inclusive bounds.

    A default that is a tuple takes a list; its elements are the probe's own to check. What is
    `secret` is shown nowhere, neither in the value's `repr` nor in a complaint.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


S = TypeVar("S")


def parse_settings(cls: type[S], given: Mapping[str, Any], where: str) -> S:
    """Build `cls` from plain data.

    Raises SettingError, naming `where`, the key and the value, for an unknown key, a wrong type or
    a value outside its bounds.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key, value in given.items():
        if key not in fields:
            known = ", ".join(sorted(fields)) or "-"
            raise SettingError(
                Text(
                    f"{where}：没有名为“{key}”的设置；可用的有：{known}。",
                    f"{where}: there is no setting {key!r}; known settings: {known}.",
                )
            )
        _check_setting(fields[key], value, f"{where}.{key}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


_ACCEPTED: Mapping[type[Any], tuple[type[Any], ...]] = {float: (int, float), tuple: (list, tuple)}


def _check_setting(spec: dataclasses.Field[Any], value: Any, where: str) -> None:
    wanted = type(spec.default)
    accepted = _ACCEPTED.get(wanted, (wanted,))
    if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
        shown = "***" if spec.metadata.get("secret") else repr(value)
        name = "list" if wanted is tuple else wanted.__name__
        raise SettingError(
            Text(
                f"{where}：值 {shown} 的类型不对，应为 {name}。",
                f"{where}: {shown} has the wrong type; {name} is wanted.",
            )
        )
    low, high = spec.metadata.get("minimum"), spec.metadata.get("maximum")
    # "not >=" and not "<": nan compares false with everything, and must be refused too.
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise SettingError(
            Text(
                f"{where}：值 {value!r} 超出范围 {low} 至 {high}。",
                f"{where}: {value!r} is outside {low} to {high}.",
            )
        )


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For a probe that has nothing to set."""


class Probe(Generic[S]):
    """One instrument. Subclass it once in `probes/instruments/<name>.py`; nothing else is edited.

    An instance serves one target, so it may remember its last counters. When the machine slept, or
    runs were left out, a new one takes its place, so that no difference spans that time.
    """

    name: ClassVar[str]
    """Equals the file name, and the name of the stored table."""
    version: ClassVar[int] = 1
    """Raised when the meaning of a number changes; stored with every reading."""
    title: ClassVar[Text]
    about: ClassVar[Text] = Text("", "")
    """For its page: how it measures, and what the numbers mean."""
    limits: ClassVar[Text] = Text("", "")
    """For its page: what the numbers do not mean."""
    privilege: ClassVar[Text] = Text("不需要特权。", "None.")
    """For its page: what the agent must be allowed to do, and what happens when it is not."""
    measures: ClassVar[tuple[Metric, ...]]
    labels: ClassVar[Mapping[str, Text]] = {}
    """Bounded label names (such as `interface`) and what they mean."""
    reasons: ClassVar[Mapping[str, Text]] = {}
    """Why a reading of this probe failed or did not run, beyond COMMON_REASONS."""
    roles: ClassVar[frozenset[Role]]
    Settings: ClassVar[type[Any]] = NoSettings
    tried_on: ClassVar[frozenset[str]] = frozenset({"linux"})
    """Values of `sys.platform` under which it has really run; elsewhere the agent says so."""
    aimed: ClassVar[bool] = False
    """Whether it needs a target other than the machine itself."""
    example: ClassVar[str] = "127.0.0.1"
    """For a probe that is aimed: what to write behind its name to run it by hand."""
    deadline_seconds: ClassVar[float] = 10.0
    """More than `longest_seconds` of any permitted settings, so it only strikes at a fault."""

    def __init__(self, settings: S) -> None:
        self.settings = settings

    def not_run(self, reason: str) -> ProbeError:
        """To be raised for one of its own `reasons`, with their words."""
        return ProbeError(reason, self.reasons[reason])

    def longest_seconds(self) -> float:
        """How long a run can wait for the outside world with these settings."""
        return 0.0

    def reaches(self) -> Sequence[str]:
        """Hosts and networks (10.1.0.0/24), beside the target, to which a run with these settings
        sends. The machine's allow-list has to permit each of them."""
        return ()

    async def measure(self, target: Target) -> Reading | Sequence[Reading]:
        """Measure once.

        A target that fails is a `Reading.failed`. Raises ProbeError when nothing could be learned.
        """
        raise NotImplementedError
