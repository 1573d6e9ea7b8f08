"""`banjun-agent probe NAME [TARGET]`: run one probe now and show what it says. Stores nothing."""

from __future__ import annotations

import asyncio
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent.allow import COLLECTOR, EVERYTHING
from agent.clock import SystemClock
from agent.commands.terminal import FAILED, OK, Terminal
from agent.config_trial import kept_tasks
from agent.identity import Identity
from agent.runner import Catalog, Runner
from probes.catalog import discover
from probes.model import COMMON_REASONS, parse_settings
from probes.text import BanjunError, Text
from probes.wire import Record, Task, round_to


class UsageError(BanjunError):
    """The probe needs something else on the command line."""


def run(
    terminal: Terminal, state_dir: Path, *, name: str, target: str | None, given: Sequence[str]
) -> int:
    catalog = discover()
    task = _task(catalog, name, target, given, _kept(state_dir, name, target))
    records = asyncio.run(_measure(catalog, task, _collector(task, state_dir)))
    if terminal.json:
        terminal.dump([_rounded(catalog, record) for record in records])
    else:
        for record in records:
            _show(terminal, catalog, record)
    return OK if all(record.outcome == "ok" for record in records) else FAILED


def _kept(state_dir: Path, name: str, target: str | None) -> Task | None:
    """The task of that name and target that the collector has given to this agent, if any."""
    # Whoever may not read the state of the agent may still probe by hand.
    if target is None or not os.access(state_dir / "identity.json", os.R_OK):
        return None
    tasks = kept_tasks(state_dir / "config.json", Identity.load(state_dir).agent)
    return next((task for task in tasks if (task.probe, task.target) == (name, target)), None)


def _task(
    catalog: Catalog, name: str, target: str | None, given: Sequence[str], kept: Task | None
) -> Task:
    """As the command line has it, and `kept` where that says nothing."""
    probe = catalog[name]
    settings = {**(kept.settings if kept else {}), **dict(_setting(text) for text in given)}
    parse_settings(probe.Settings, settings, name)
    if target is None:
        if probe.aimed:
            example = f"banjun-agent probe {name} {probe.example}"
            raise UsageError(
                Text(
                    f"探测 {name} 需要目标，例如：{example}",
                    f"Probe {name} needs a target, such as: {example}",
                )
            )
        return Task(name, 1, settings=settings)
    host, port = (kept.host, kept.port) if kept else _host_and_port(target)
    return Task(name, 1, target=target, host=host, port=port, settings=settings)


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            Text(f"--set {text}：应写成 名称=值。", f"--set {text}: write it as NAME=VALUE.")
        )
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def _host_and_port(target: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    if target.startswith("["):
        host, _, rest = target[1:].partition("]")
        port = rest.removeprefix(":")
    elif target.count(":") == 1:
        host, _, port = target.partition(":")
    else:
        host, port = target, ""
    if not port:
        return host, None
    if not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise UsageError(
            Text(f"目标 {target} 的端口不可用。", f"The port of the target {target} is not usable.")
        )
    return host, int(port)


def _collector(task: Task, state_dir: Path) -> tuple[str, int]:
    if task.host != COLLECTOR:
        return "", 0
    identity = Identity.load(state_dir)
    return identity.collector_host, identity.collector_port


async def _measure(catalog: Catalog, task: Task, collector: tuple[str, int]) -> list[Record]:
    async def discard(records: list[Record], bulk: bool) -> None:
        pass

    runner = Runner(
        catalog=catalog,
        allow=EVERYTHING,
        clock=SystemClock(),
        collector=collector,
        keep=discard,
    )
    return await runner.run(task)


def _rounded(catalog: Catalog, record: Record) -> Any:
    metrics = {metric.name: metric for metric in catalog[record.probe].measures}
    for name, value in record.values.items():
        record.values[name] = round_to(value, metrics[name].resolution)
    return msgspec.to_builtins(record)


def _show(terminal: Terminal, catalog: Catalog, record: Record) -> None:
    probe = catalog[record.probe]
    labels = "".join(f" {name}={value}" for name, value in record.labels.items() if value)
    words = Text(
        {"ok": "正常", "failed": "目标失败", "not_run": "未能运行"}[record.outcome],
        {"ok": "ok", "failed": "failed", "not_run": "not run"}[record.outcome],
    )
    why = _reason(catalog, record)
    terminal.show(
        f"{record.probe} {record.target}{labels}：{words.zh}{why.zh and '：' + why.zh}",
        f"{record.probe} {record.target}{labels}: {words.en}{why.en and ': ' + why.en}",
    )
    for metric in probe.measures:
        if metric.name in record.values:
            value = round_to(record.values[metric.name], metric.resolution)
            unit = metric.unit.value
            terminal.show(
                f"  {metric.title.zh}  {metric.name} = {value:.10g} {unit}",
                f"  {metric.name} = {value:.10g} {unit}  ({metric.title.en})",
            )


def _reason(catalog: Catalog, record: Record) -> Text:
    if not record.reason:
        return Text("", "")

    own = catalog[record.probe].reasons
    return own.get(record.reason) or COMMON_REASONS[record.reason]
