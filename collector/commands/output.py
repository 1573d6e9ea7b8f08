"""Printing: tables that fit a terminal and stay whole in a pipe, JSON, and notes beside them.

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from probes.text import Language, Text

PIPE_COLUMNS = 100_000
"""Wide enough that no cell of a pipe is ever cut or folded."""
UNKNOWN = "—"
CHINESE_KEYS = {
    "school": "学校",
    "agent": "代理程序",
    "target": "目标",
    "value": "值",
    "unit": "单位",
    "n": "读数",
    "runs": "次数",
    "expected": "应有次数",
    "coverage": "覆盖率",
    "first": "最早",
    "last": "最晚",
    "at": "时间",
    "age_seconds": "距今（秒）",
    "approximate": "近似",
    "now": "现在",
    "started_at": "启动于",
    "judged_at": "判定于",
    "policy_revision": "策略版本",
    "calendar_revision": "校历版本",
    "provisional": "暂定",
    "schools": "学校数",
    "agents": "代理程序数",
    "agents_revoked": "已停用",
    "agents_heard": "十分钟内联系过",
    "lan_schools": "已说明局域网的学校",
    "lan_faults": "局域网说明的错误",
    "certificate_until": "证书有效至",
    "incidents_open": "未结束的事件",
    "incidents_unacknowledged": "无人确认的事件",
    "deliveries_pending": "待发消息",
    "deliveries_sending": "正在发送的消息",
    "deliveries_sent": "已送达消息",
    "deliveries_failed": "未能送达消息",
    "deliveries_withdrawn": "撤回的消息",
    "pushes_waiting": "等待保存的推送",
    "measuring": "测速",
    "running": "进行中",
    "lent_bits_per_second": "已借出 bit/s",
    "limit_bits_per_second": "上限 bit/s",
    "granted": "已发许可",
    "granted_bytes": "许可字节",
    "refused": "未发许可",
    "archive_files": "档案文件",
    "archive_rows": "档案行数",
    "archive_bytes": "档案字节",
    "journal_batches": "日志批次",
    "unreadable_batches": "无法读取的批次",
    "readings_lost": "丢失的读数",
    "disk_free_bytes": "磁盘剩余字节",
    "inventory_devices": "清单中的设备",
    "inventory_changed": "上次查看变动的设备",
    "inventory_left_out": "清单容不下的网卡",
    "inventory_seconds": "上次查看用时（秒）",
    "log_sources": "日志来源",
    "log_sources_proven": "已证明的日志来源",
    "log_faults": "日志核对发现的问题",
    "log_checked_on": "日志核对于",
    "log_anchor": "日志锚值",
    "export_lag_seconds": "时序库滞后（秒）",
    "export_owed_files": "待补写文件",
    "export_owed_rows": "待补写行",
    "export_refused_lines": "时序库拒收行",
    "export_trouble": "时序库故障",
}


class Styled(NamedTuple):
    """A cell in a colour of its own, where there is a terminal to show it."""

    text: str
    style: str


def show_table(
    titles: Sequence[str], rows: Sequence[Sequence[object]], folds: Collection[int] | None = None
) -> None:
    """One line a row. A terminal folds long cells; a pipe gets them whole, two spaces apart.

    `folds`: the columns that may be folded when it gets narrow; all unless given.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Cell

    is_terminal = sys.stdout.isatty()
    table = Table(
        box=SIMPLE_HEAD if is_terminal else None,
        pad_edge=False,
        padding=(0, 1, 0, 0) if is_terminal else (0, 2, 0, 0),
        header_style="bold",
    )
    for number, title in enumerate(titles):
        whole = folds is not None and number not in folds
        table.add_column(Cell(title), overflow="fold", no_wrap=whole)
    for row in rows:  # a Cell is never read as markup
        table.add_row(
            *(
                Cell(cell.text, cell.style) if isinstance(cell, Styled) else Cell(_plain(cell))
                for cell in row
            )
        )
    console = Console(width=None if is_terminal else PIPE_COLUMNS, highlight=False)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip())


def _plain(cell: object) -> str:
    """What a cell says; an agent's own words must not steer the terminal."""
    if cell is None:
        return UNKNOWN
    text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return "".join(c if c.isprintable() else " " for c in text)


def show_rows(rows: Sequence[Mapping[str, Any]], language: Language) -> None:
    """Flat objects as a table with a column for each key, in order of first sight."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    titles = [key_title(key, language) for key in keys]
    show_table(titles, [[words(row.get(key), language) for key in keys] for row in rows])


def key_title(key: str, language: Language) -> str:
    """A key of the API in the reader's language; in English keys are words already."""
    return CHINESE_KEYS.get(key, key) if language is Language.ZH else key.replace("_", " ")


def words(value: Any, language: Language) -> Any:
    """{"zh", "en"} in the reader's language; anything else as it is."""
    if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
        return value[language.value]
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False)
    return value


def show_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def say(text: Text, language: Language) -> None:
    print(text(language), file=sys.stderr, flush=True)
