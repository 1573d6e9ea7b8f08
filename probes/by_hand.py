"""Running one probe by hand, for commands: words in, readings out. It keeps no schedule."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from probes.catalog import AnyProbe
from probes.model import (
    COMMON_REASONS,
    LOCAL,
    ProbeError,
    Reading,
    SettingError,
    Target,
    Unit,
)
from probes.text import Language, Text
from probes.wire import round_to


async def run_once(probe: AnyProbe, settings: Any, target: Target) -> list[Reading]:
    """Raises ProbeError, also ("deadline") when the probe does not come back in time."""
    try:
        async with asyncio.timeout(probe.deadline_seconds):
            measured = await probe(settings).measure(target)
    except TimeoutError as exc:
        raise ProbeError("deadline", f"{probe.deadline_seconds:g} s") from exc
    return [measured] if isinstance(measured, Reading) else list(measured)


def record(probe: AnyProbe, target: Target, reading: Reading) -> dict[str, Any]:
    """A reading as plain data, rounded as it would be stored."""
    return {
        "probe": probe.name,
        "version": probe.version,
        "target": reading.target or target.name,
        "outcome": reading.outcome,
        "reason": reading.reason,
        "labels": dict(reading.labels),
        "values": {m.name: round_to(v, m.resolution) for m, v in reading.values.items()},
    }


def lines(probe: AnyProbe, reading: Reading, language: Language) -> Iterator[str]:
    """A reading for people."""
    labels = " ".join(f"{name}={value}" for name, value in reading.labels.items())
    words = {**COMMON_REASONS, **probe.reasons}.get(reading.reason)
    reason = words(language) if words else reading.reason
    head = (probe.name, reading.target, labels, reading.outcome, reason)
    yield " ".join(part for part in head if part)
    for metric, value in reading.values.items():
        unit = "" if metric.unit is Unit.BOOLEAN else f" {metric.unit}"
        shown = f"{round_to(value, metric.resolution):.15g}{unit}"
        yield f"    {metric.name:30} {shown:28} {metric.title(language)}"


def choose_target(probe: AnyProbe, text: str | None) -> Target:
    """The target that a person named; the machine itself for a probe that is not aimed."""
    if not probe.aimed:
        return LOCAL
    if not text:
        example = f"python -m probes run {probe.name} {probe.example}"
        raise SettingError(
            Text(
                f"{probe.name} 需要目标，例如：{example}",
                f"{probe.name} needs a target, such as: {example}",
            )
        )
    return parse_target(text)


def parse_target(text: str) -> Target:
    """`host`, `host:port`, `[IPv6]:port`, or an IPv6 address without a port."""
    host, port = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingError(
            Text(f"“{text}”中的端口无效。", f"The port in {text!r} is not between 1 and 65535.")
        )
    return Target(text, host, int(port) if port else None)


def given_settings(probe: AnyProbe, pairs: Sequence[str]) -> Mapping[str, Any]:
    """`key=value` words as the types of the settings they name; parse_settings checks the rest."""
    types = {f.name: type(f.default) for f in dataclasses.fields(probe.Settings)}
    split = (pair.partition("=") for pair in pairs)
    return {key: _typed(types.get(key, str), value) for key, _, value in split}


def _typed(kind: type[Any], text: str) -> Any:
    """The text itself when it is not of that kind, so that the complaint can quote it."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is tuple:
        return [word for word in text.split(",") if word]
    try:
        return kind(text)
    except ValueError:
        return text
