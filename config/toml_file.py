"""Reads a TOML file; says which file it was that cannot be read, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from probes.text import BanjunError, Text


def plain(
    path: Path, fault: type[BanjunError], parse_float: Callable[[str], Any] = float
) -> dict[str, Any]:
    """The file as plain data; raises `fault`."""
    import tomllib  # an agent without a settings file never needs it

    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=parse_float)
    except OSError as exc:
        raise fault(
            Text(f"读不到 {path}：{exc.strerror}。", f"Cannot read {path}: {exc.strerror}.")
        ) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise fault(
            Text(f"{path} 不是有效的 TOML：{exc}。", f"{path} is not valid TOML: {exc}.")
        ) from exc
