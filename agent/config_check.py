"""Whether this agent can and may do what a configuration asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.allow import AllowList
from agent.runner import AnyProbe, Catalog
from probes import wire
from probes.catalog import CatalogError
from probes.model import Probe, parse_settings
from probes.net import is_literal
from probes.text import BanjunError, Text

MAX_TASKS = 500


class ConfigRefusedError(BanjunError):
    """The configuration is refused as a whole; the text names the task and what is wrong."""


def check_config(config: wire.AgentConfig, catalog: Catalog, allow: AllowList) -> None:
    """Raises ConfigRefusedError. A configuration is applied whole or not at all."""
    if config.v != wire.VERSION:
        raise _refused(f"格式版本 {config.v} 不认识", f"its format {config.v} is not known")
    if len(config.tasks) > MAX_TASKS:
        n = len(config.tasks)
        raise _refused(f"任务有 {n} 个，最多 {MAX_TASKS} 个", f"{n} tasks; {MAX_TASKS} at most")
    seen: set[tuple[str, str]] = set()
    for task in config.tasks:
        key = (task.probe, task.target)
        name = f"{task.probe} → {task.target}"
        if key in seen:
            raise _refused(f"任务 {name} 重复", f"the task {name} is there twice")
        seen.add(key)
        _check_task(task, name, catalog, allow)


def _check_task(task: wire.Task, name: str, catalog: Catalog, allow: AllowList) -> None:
    if task.probe not in catalog:
        raise _refused(
            f"任务 {name}：本版本没有探测 {task.probe}，请升级代理",
            f"task {name}: this version has no probe {task.probe}; upgrade the agent",
        )
    if not allow.permits_probe(task.probe):
        raise _refused(
            f"任务 {name}：本机允许清单 allow.probes 不允许该探测",
            f"task {name}: allow.probes of this machine does not permit the probe",
        )
    if not allow.permits_host(task.host):
        raise _refused(
            f"任务 {name}：本机允许清单 allow.hosts 不允许目标 {task.host!r}",
            f"task {name}: allow.hosts of this machine does not permit {task.host!r}",
        )
    try:
        probe = catalog[task.probe]
    except CatalogError as exc:
        raise _refused(exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc
    if probe.aimed and not task.host:
        raise _refused(f"任务 {name}：缺少目标地址", f"task {name}: it has no host")
    if task.port is not None and not 1 <= task.port <= 65_535:
        raise _refused(
            f"任务 {name}：端口 {task.port} 超出范围", f"task {name}: no port {task.port}"
        )
    try:
        settings = parse_settings(probe.Settings, task.settings, name)
    except BanjunError as exc:
        raise _refused(exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc
    asked = [p for p in places_of(probe, settings) if is_named_by_address(task.settings, p)]
    if place := allow.refused(asked):
        raise _refused(
            f"任务 {name}：本机允许清单 allow.hosts 不允许 {place!r}；"
            f"如应允许，请写进本机 agent.toml 的 allow.hosts",
            f"task {name}: allow.hosts of this machine does not permit {place!r}; if it should, "
            "add it to allow.hosts of agent.toml here",
        )


def is_named_by_address(settings: Mapping[str, object], place: str) -> bool:
    """Whether the collector named that address or network, as one school's.

    What a probe finds on this machine, such as its gateway, and names that a county gives to all
    its machines cost that probe's reading (see Runner), and not the whole configuration.
    """
    return ("/" in place or is_literal(place)) and stands_in(settings, place)


def stands_in(value: object, place: str) -> bool:
    if isinstance(value, Mapping):
        return any(stands_in(each, place) for each in value.values())
    if isinstance(value, list | tuple):
        return any(stands_in(each, place) for each in value)
    return value == place


def places_of(probe: type[AnyProbe], settings: object) -> Sequence[str]:
    """See `Probe.reaches`. Only a probe that has such places is made for the question."""
    return () if probe.reaches is Probe.reaches else probe(settings).reaches()


def _refused(zh: str, en: str) -> ConfigRefusedError:
    return ConfigRefusedError(
        Text(f"拒绝采集器下发的配置：{zh}。", f"Configuration refused: {en}.")
    )
