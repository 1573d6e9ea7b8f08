"""Reads a TOML file that holds secrets: no complaint ever quotes what stands in it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from config.load import ConfigError
from config.strict import PolicyError, read_toml
from probes.text import Text


def read_secret_toml(path: Path) -> dict[str, Any]:
    """The file as plain data.

    Raises PolicyError for its content, and ConfigError when others than its owner may read it.
    """
    _check_private(path)
    try:
        return read_toml(path)
    except PolicyError as exc:
        if exc.__cause__ is None or isinstance(exc.__cause__, OSError):
            raise
        # What the parser says may quote the line, and the line may be a secret; its place is not.
        place = re.search(r"at line (\d+)", str(exc.__cause__))
    zh, en = (f"第 {place[1]} 行", f", line {place[1]},") if place else ("", "")
    raise PolicyError(
        Text(
            f"{path.name} {zh}不是有效的 TOML；文字要用英文双引号括起来。",
            f"{path.name}{en} is not valid TOML; words stand in double quotes.",
        )
    )


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as exc:
        raise PolicyError(
            Text(f"读不到 {path}：{exc.strerror}。", f"Cannot read {path}: {exc.strerror}.")
        ) from exc
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            Text(
                f"{path} 含有秘密，别人却能读到；请运行 chmod 600 {path}。",
                f"{path} holds secrets and others may read it; run chmod 600 {path}.",
            )
        )
