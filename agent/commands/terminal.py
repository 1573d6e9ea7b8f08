"""What every command needs of the terminal: the language, where data goes, and the exit codes."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.text import BanjunError, Language, Text

OK = 0
FAILED = 1
"""What was measured or asked for failed."""
USAGE = 2
"""The command line or the configuration is wrong."""
BUSY = 3
"""Another agent works on the same state directory; nothing was done."""


class StateDirError(BanjunError):
    """The state directory cannot be made."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Data goes to stdout, everything else to stderr."""

    language: Language
    json: bool

    def say(self, zh: str, en: str) -> None:
        """One line of progress or explanation."""
        print(Text(zh, en)(self.language), file=sys.stderr, flush=True)

    def show(self, zh: str, en: str) -> None:
        """One line of data for people."""
        print(Text(zh, en)(self.language))

    def dump(self, data: Any) -> None:
        """Data for programs."""
        print(json.dumps(data, ensure_ascii=False, indent=2))

    def complain(self, text: Text) -> None:
        print(text(self.language), file=sys.stderr, flush=True)


def prepare_state_dir(path: Path) -> Path:
    """The directory, made if need be and closed to other users. Raises StateDirError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise StateDirError(
            Text(
                f"无法创建状态目录 {path}：{exc.strerror}。请用 --state-dir 指定可写的目录，"
                "或先建好并交给运行代理程序的用户。",
                f"Cannot make the state directory {path}: {exc.strerror}. Name one that can be "
                "written with --state-dir, or make it and give it to the user of the agent.",
            )
        ) from exc
    return path


def complain_if_unwritable(terminal: Terminal, path: Path, why: OSError | None) -> None:
    """The agent works without its disk, and says so."""
    if why is not None:
        terminal.complain(
            Text(
                f"状态目录 {path} 无法写入：{why.strerror}。读数暂时只保存在内存里，"
                "程序停止时未送达的会丢失。请检查磁盘是否变为只读（mount、dmesg），以及目录是否属于当前用户。",
                f"The state directory {path} cannot be written: {why.strerror}. Readings are kept "
                "in memory only; what is not delivered when the agent stops is lost. See whether "
                "the disk has become read-only (mount, dmesg), and whose the directory is.",
            )
        )
