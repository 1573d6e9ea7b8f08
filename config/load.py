"""Reads a TOML file into a frozen dataclass of settings, strictly.

For the settings of a program (`agent_settings.py`, `collector_settings.py`). Policy data has a
reader of its own. A mistake in a file is found when it is loaded, never when the value is used.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from config.toml_file import plain
from probes.text import BanjunError, Text

T = TypeVar("T")

_KINDS: Mapping[type, Text] = {
    bool: Text("true 或 false", "true or false"),
    int: Text("整数", "an integer"),
    float: Text("数字", "a number"),
    str: Text("文字", "a string"),
    Path: Text("路径（文字）", "a path (a string)"),
}


class ConfigError(BanjunError):
    """A settings file cannot be used; the text names the file, the key and the value."""


def load_settings(cls: type[T], path: Path | None) -> T:
    """`cls` from the TOML file at `path`; every default if `path` is None.

    Raises ConfigError for a file that cannot be read, an unknown or missing key, a wrong type or a
    value out of bounds.
    """
    if path is None:
        return build_settings(cls, {}, "-")
    data = plain(path, ConfigError)
    return build_settings(cls, data, str(path))


def build_settings(cls: type[T], data: Mapping[str, Any], file: str) -> T:
    """`cls` from plain data; `file` is named in errors."""
    return cast(T, _table(cls, data, file, ""))


def _table(cls: type[Any], data: Mapping[str, Any], file: str, prefix: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    for key in data:
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise _error(
                file, prefix + key, f"没有这个键；可用的有：{known}", f"no such key; known: {known}"
            )
    given = {
        key: _value(hints[key], value, fields[key].metadata, file, prefix + key)
        for key, value in data.items()
    }
    for name, spec in fields.items():
        if name not in given and _is_required(spec):
            raise _error(file, prefix + name, "缺少这个键", "this key is missing")
    try:
        return cls(**given)
    except BanjunError as exc:
        where = prefix.rstrip(".") or "-"
        raise _error(file, where, exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc


def _is_required(spec: dataclasses.Field[Any]) -> bool:
    return spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING


def _value(hint: Any, value: Any, bounds: Mapping[str, Any], file: str, key: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(arm for arm in get_args(hint) if arm is not types.NoneType)
    if get_origin(hint) is tuple:
        return _items(get_args(hint)[0], value, bounds, file, key)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise _error(file, key, f"应为一个表 [{key}]", f"a table [{key}] is wanted")
        return _table(cast("type[Any]", hint), value, file, f"{key}.")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint, value, file, key)
    _check_type(hint, value, file, key)
    _check_bounds(value, bounds, file, key)
    return hint(value)


def _items(
    hint: Any, value: Any, bounds: Mapping[str, Any], file: str, key: str
) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _error(file, key, f"{value!r} 应为列表", f"{value!r} should be a list")
    return tuple(_value(hint, item, bounds, file, f"{key}[{i}]") for i, item in enumerate(value))


def _choice(hint: type[Enum], value: Any, file: str, key: str) -> Enum:
    try:
        found = hint(value)
        if type(found.value) is type(value):  # 1 is equal to true, and not the same
            return found
        raise ValueError(value)
    except ValueError:
        known = ", ".join(str(member.value).lower() for member in hint)
        raise _error(
            file, key, f"{value!r} 不在可用值 {known} 之中", f"{value!r} is not one of {known}"
        ) from None


def _check_type(hint: type, value: Any, file: str, key: str) -> None:
    accepted = {float: (int, float), Path: (str,)}.get(hint, (hint,))
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        wanted = _KINDS[hint]
        raise _error(
            file, key, f"{value!r} 类型不对，应为{wanted.zh}", f"{value!r} should be {wanted.en}"
        )


def _check_bounds(value: Any, bounds: Mapping[str, Any], file: str, key: str) -> None:
    low, high = bounds.get("minimum"), bounds.get("maximum")
    # Written so that NaN, which compares false with everything, is out of bounds.
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        span = f"{'' if low is None else low} .. {'' if high is None else high}"
        raise _error(file, key, f"{value!r} 超出范围 {span}", f"{value!r} is outside {span}")


def _error(file: str, key: str, zh: str, en: str) -> ConfigError:
    return ConfigError(Text(f"{file}：{key}：{zh}。", f"{file}: {key}: {en}."))
