"""Where the files of policy data are: those of the program, and a county's own in their stead.

An update of the program replaces the first and never touches the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from config.strict import PolicyError
from probes.text import Text

POLICY_FOLDER = Path(__file__).parent / "policies"
OWN = "policies"
"""The county's folder, in the collector's data directory."""
DUTIES = "duties"
"""The folder of duties, within either."""
_NEW = ("target-*.toml", f"{DUTIES}/*.toml", "threshold-*.toml")
"""What a county may add; any other name has to be that of a file of the program."""


class PolicyFolder(Protocol):
    """What readers of policy data need of a folder; a Path is one."""

    def __truediv__(self, name: str, /) -> Path: ...

    def glob(self, pattern: str, /) -> Iterable[Path]: ...


class CountyFolder:
    """The program's files; a file of `own` stands for the program's of that name, as a whole.

    Raises PolicyError for a .toml file in `own` that nothing would read.
    """

    def __init__(self, own: Path, shipped: Path = POLICY_FOLDER) -> None:
        self._shipped = shipped
        self._own = _toml_of(own)
        self._shipped_files = _toml_of(shipped)
        known = set(self._shipped_files)
        for name, path in self._own.items():
            if name not in known and not any(_matches(name, new) for new in _NEW):
                raise _unread(path, known)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the county's files."""
        return tuple(sorted(self._own))

    def __truediv__(self, name: str) -> Path:
        return self._own.get(name, self._shipped / name)

    def glob(self, pattern: str) -> Iterable[Path]:
        files = self._shipped_files | self._own
        return [path for name, path in files.items() if _matches(name, pattern)]


def policies_of(data_dir: Path) -> CountyFolder:
    """The policies of the collector with that data directory. Raises PolicyError."""
    return CountyFolder(data_dir / OWN)


def name_of(path: Path) -> str:
    """As errors name a file: with its folder, unless it is the program's."""
    if path.is_relative_to(POLICY_FOLDER):
        return path.relative_to(POLICY_FOLDER).as_posix()
    return str(path)


def _toml_of(folder: Path) -> dict[str, Path]:
    """By their names within the folder: `lines.toml`, `duties/logs.toml`."""
    files = [*_files_of(folder), *_files_of(folder / DUTIES)]
    return {p.relative_to(folder).as_posix(): p for p in files if p.suffix == ".toml"}


def _matches(name: str, pattern: str) -> bool:
    """As a Path globs: `*.toml` finds nothing in a folder below."""
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)


def _files_of(folder: Path) -> list[Path]:
    """None if it does not exist. One that cannot be read is a fault, not an empty one."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise PolicyError(
            Text(
                f"读不到策略文件夹 {folder}：{exc.strerror}。",
                f"Cannot read the folder of policies {folder}: {exc.strerror}.",
            )
        ) from exc


def _unread(path: Path, known: Iterable[str]) -> PolicyError:
    names = ", ".join([*sorted(known), *_NEW])
    return PolicyError(
        Text(
            f"{path}：没有叫这个名字的策略文件；可用的有：{names}。",
            f"{path}: there is no policy file of that name; known: {names}.",
        )
    )
