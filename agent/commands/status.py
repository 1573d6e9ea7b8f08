"""`banjun-agent status`: how the agent on this machine is doing, read from its state directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.commands.probes import UNTRIED, is_tried
from agent.commands.terminal import FAILED, OK, Terminal
from agent.health import read_status
from agent.identity import Identity
from probes.catalog import discover
from probes.text import Text

STALE = 60_000
"""Milliseconds after which a running agent would have written its status anew."""


def run(terminal: Terminal, state_dir: Path) -> int:
    identity = Identity.load(state_dir)
    status = read_status(state_dir) or {}
    if status.get("agent") != identity.agent:
        status = {}  # Of an identity that was replaced.
    running = _is_running(status)
    if terminal.json:
        names = ("agent", "school", "school_name", "role", "url")
        terminal.dump(
            {
                "identity": {name: getattr(identity, name) for name in names},
                "running": running,
                "status": status or None,
                "root_would_add": [
                    {"probe": probe, "zh": why.zh, "en": why.en}
                    for probe, why in root_would_add(_tasks(status))
                ],
                "not_tried_here": untried(_tasks(status)),
            }
        )
    else:
        _show(terminal, identity, status, running=running)
    return OK if running and not status.get("push_error") else FAILED


def root_would_add(tasks: Sequence[Mapping[str, Any]]) -> list[tuple[str, Text]]:
    """(probe, why) for the probes whose last run lacked a privilege."""
    catalog = discover()
    return [
        (task["probe"], catalog.reason(task["probe"], "no_privilege"))
        for task in tasks
        if task.get("reason") == "no_privilege"
    ]


def untried(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The probes among them that have never really run on a system of this kind."""
    catalog = discover()
    names = dict.fromkeys(task["probe"] for task in tasks)
    return [name for name in names if name in catalog and not is_tried(catalog[name])]


def _is_running(status: Mapping[str, Any]) -> bool:
    import psutil

    pid, written_at = status.get("pid"), status.get("written_at")
    if not (isinstance(pid, int) and isinstance(written_at, int)):
        return False
    return bool(psutil.pid_exists(pid)) and SystemClock().wall() - written_at < STALE


def _tasks(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    tasks = status.get("tasks")
    return tasks if isinstance(tasks, list) else []


def _show(
    terminal: Terminal, identity: Identity, status: Mapping[str, Any], *, running: bool
) -> None:
    state = status.get("state", {})
    terminal.show(
        f"身份      代理 {identity.agent}，{identity.school_name}（{identity.school}），"
        f"角色 {identity.role}",
        f"identity      agent {identity.agent} of {identity.school_name} ({identity.school}), "
        f"role {identity.role}",
    )
    terminal.show(f"采集器    {identity.url}", f"collector     {identity.url}")
    if running:
        terminal.show(
            f"进程      运行中（{status['pid']}）", f"process       runs ({status['pid']})"
        )
    else:
        terminal.show(
            "进程      没有运行；请运行 banjun-agent run",
            "process       does not run; start it with banjun-agent run",
        )
    if not status:
        return
    at = _when(status.get("last_push_at"))
    terminal.show(f"最近送达  {at or '还没有'}", f"last push     {at or 'none yet'}")
    _show_spool(terminal, state)
    _show_link(terminal, state)
    revision = status.get("config")
    terminal.show(f"配置版本  {revision or '还没有'}", f"configuration {revision or 'none yet'}")
    for key, label in (
        ("push_error", ("送达错误", "push error")),
        ("config_error", ("配置错误", "configuration error")),
    ):
        error = status.get(key)
        if error:
            terminal.show(f"{label[0]}  {error['zh']}", f"{label[1]}: {error['en']}")
    _show_tasks(terminal, _tasks(status))


def _show_spool(terminal: Terminal, state: Mapping[str, Any]) -> None:
    readings, oldest = state.get("spool_readings", 0), _when(state.get("spool_oldest_at"))
    terminal.show(
        f"暂存      {readings} 条读数" + (f"，最早的测于 {oldest}" if oldest else ""),
        f"spool         {readings} readings" + (f", the oldest of {oldest}" if oldest else ""),
    )
    lost, dead = state.get("lost_readings", 0), state.get("dead_batches", 0)
    if lost or dead:
        terminal.show(
            f"丢失      {lost} 条读数（已作为缺口上报），被拒批次 {dead} 个",
            f"lost          {lost} readings (reported as gaps), {dead} batches refused",
        )
    if state.get("spool_trouble"):
        terminal.show(
            f"磁盘      暂存无法写盘：{state['spool_trouble']}",
            f"disk          the spool cannot be written: {state['spool_trouble']}",
        )


def _show_link(terminal: Terminal, state: Mapping[str, Any]) -> None:
    """Bytes today are an upper bound: they are counted before compression."""
    today, daily = state.get("link_today_bytes"), state.get("link_daily_bytes")
    if today is None:
        return
    metered = {
        True: Text("按流量计费", "metered"),
        False: Text("不按流量计费", "not metered"),
        None: Text("是否按流量计费未知", "metered or not is not known"),
    }[state.get("link_metered")]
    budget = Text("", "")
    if daily is not None:
        budget = Text(f"，每天上限 {_megabytes(daily)} MB", f" of {_megabytes(daily)} MB")
    terminal.show(
        f"流量      今天至多 {_megabytes(today)} MB{budget.zh}，{metered.zh}",
        f"traffic       today at most {_megabytes(today)} MB{budget.en}, {metered.en}",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f}"


def _show_tasks(terminal: Terminal, tasks: Sequence[Mapping[str, Any]]) -> None:
    words = {
        "ok": Text("正常", "ok"),
        "failed": Text("目标失败", "failed"),
        "not_run": Text("未能运行", "not run"),
        None: Text("尚未运行", "not yet"),
    }
    catalog = discover()
    for task in tasks:
        word, reason = words[task.get("outcome")], task.get("reason")
        why = catalog.reason(task["probe"], reason) if reason else Text("", "")
        about = f"{task['about']} " if task.get("about") else ""
        name, every = f"{task['probe']} {task['target']}", f"{task['every']:g}"
        terminal.show(
            f"  {name}（每 {every} 秒）{about}{word.zh} {why.zh}".rstrip(),
            f"  {name} (each {every} s) {about}{word.en} {why.en}".rstrip(),
        )
    for probe, _ in root_would_add(tasks):
        terminal.show(f"以 root 运行可增加：{probe}", f"running as root would add: {probe}")
    if names := ", ".join(untried(tasks)):
        terminal.show(f"{UNTRIED.zh}：{names}", f"{UNTRIED.en}: {names}")


def _when(at: object) -> str | None:
    """Local time of an instant in ms."""
    if not isinstance(at, int):
        return None
    return datetime.fromtimestamp(at / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
