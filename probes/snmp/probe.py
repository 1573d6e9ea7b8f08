"""What every instrument that asks by SNMP does alike: whom to ask, when, and what silence means.

An instrument names what it wants and turns one device's answer into readings. Light: the talking is
done by `python -m probes.snmp`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar, TypeVar

from probes import apart
from probes.model import Probe, Reading, Role, Target, setting
from probes.snmp.answer import Answer, Wanted, answer_from_json, wanted_as_json
from probes.snmp.device import Device, devices_of
from probes.snmp.reasons import FAILED, NO_DEVICES, SILENT, SILENT_BEFORE, SNMP_REASONS
from probes.snmp.silence import Silence
from probes.text import Text

ALL = "all"
START_SECONDS = 10.0
"""For the other process to begin and to end, on a machine that is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpSettings:
    devices: tuple[Mapping[str, Any], ...] = setting(
        (),
        Text(
            "要询问的设备，每台一个表：name、host、port（161）、version；v2c 另有 community，"
            "v3 另有 user、auth、auth_key、privacy、privacy_key、context。",
            "The devices to ask, one table each: name, host, port (161), version; for v2c "
            "community, for v3 user, auth, auth_key, privacy, privacy_key, context.",
        ),
        secret=True,
    )
    timeout: float = setting(
        2.0,
        Text("等一个应答的最长时间，秒。", "Seconds to wait for one answer."),
        minimum=0.1,
        maximum=5,
    )
    tries: int = setting(
        2, Text("一个请求最多发送几次。", "How often one request is sent."), minimum=1, maximum=5
    )
    at_once: int = setting(
        64,
        Text("同时询问的设备数；每台设备一次只有一个请求。",
             "Devices asked at the same time; each has one request at a time."),
        minimum=1,
        maximum=256,
    )  # fmt: skip

    def __post_init__(self) -> None:
        devices_of(self.devices, "devices")


S = TypeVar("S", bound=SnmpSettings)


class SnmpProbe(Probe[S]):
    """To be subclassed in an instrument, which gives `wanted`, `labels` and `readings()`; with
    settings of its own where it has any."""

    wanted: ClassVar[Wanted]
    """Asked of every device."""
    device_seconds: ClassVar[float] = 20.0
    """How long one device may take."""
    run_seconds: ClassVar[float] = 40.0
    """How long all of them may take; those not done then are not_run as `deadline`."""
    reasons: ClassVar[Mapping[str, Text]] = SNMP_REASONS
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings: ClassVar[type[Any]] = SnmpSettings
    deadline_seconds = 55.0

    def __init__(self, settings: S) -> None:
        super().__init__(settings)
        self._devices = devices_of(settings.devices, "devices")
        self._silence = Silence()

    def longest_seconds(self) -> float:
        return self.run_seconds + START_SECONDS

    def reaches(self) -> Sequence[str]:
        return [device.host for device in self._devices]

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        """Of a device that answered. Their target is the device's name; at least one."""
        raise NotImplementedError

    def missed(self, device: Device) -> None:
        """It was not asked this time, or did not answer: no difference may span that."""

    def labels_of_all(self) -> Mapping[str, str]:
        """Of a reading about the device as a whole, as when it did not answer."""
        return dict.fromkeys(self.labels, ALL)

    def without(self, device: Device, reason: str) -> Reading:
        """The reading that says why there is none of the device (or of its table) as a whole."""
        labels = self.labels_of_all()
        if reason in FAILED:
            return Reading.failed(reason, {}, labels, target=device.name)
        return Reading.not_run(reason, labels, target=device.name)

    async def measure(self, target: Target) -> Sequence[Reading]:
        if not self._devices:
            raise self.not_run(NO_DEVICES)
        answers = await self._ask(self._whom())
        found: list[Reading] = []
        for device in self._devices:
            answer = answers.get(device.name)
            if answer is not None and not answer.reason:
                found.extend(self.readings(device, answer))
                continue
            self.missed(device)
            found.append(self.without(device, answer.reason if answer else SILENT_BEFORE))
        return found

    def _whom(self) -> list[Device]:
        """Who is asked now; those that were silent come last, and keep nobody waiting."""
        now = monotonic()
        due = [device for device in self._devices if self._silence.is_over(device.name, now)]
        return sorted(due, key=lambda device: self._silence.runs(device.name))

    async def _ask(self, devices: Sequence[Device]) -> dict[str, Answer]:
        """By device name. Raises ProbeError when nobody could be asked."""
        if not devices:
            return {}
        question = {
            "devices": [device.as_json() for device in devices],
            "wanted": wanted_as_json(self.wanted),
            "timeout": self.settings.timeout,
            "tries": self.settings.tries,
            "at_once": self.settings.at_once,
            "device_seconds": self.device_seconds,
            "run_seconds": self.run_seconds,
        }
        told = await apart.ask("probes.snmp", question, self.longest_seconds())
        answers = {name: answer_from_json(data) for name, data in told.items()}
        now = monotonic()
        for name, answer in answers.items():
            self._silence.asked(name, answer.reason not in SILENT, now)
        return answers
