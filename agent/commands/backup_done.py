"""`banjun-agent backup-done`: what a backup job calls when it has succeeded. Speaks to nobody."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import datetime
from pathlib import Path

from agent.commands.terminal import OK, Terminal
from agent.identity import is_enrolled
from config.durable import replace_file
from probes.backup.manifest import (
    JOB,
    MOST_JOBS,
    MOST_SIZES,
    Manifest,
    ManifestError,
    folder,
    names,
    read,
)
from probes.text import BanjunError, Text

_READABLE = 0o022
"""The umask: jobs mostly run as root, and the agent's own user has to read what they say."""


class BackupError(BanjunError):
    """The job or its file cannot be told of."""


def run(terminal: Terminal, state_dir: Path, *, job: str, file: Path, place: str) -> int:
    """Raises BackupError; what was said before then stands."""
    _check(state_dir, job)
    os.umask(_READABLE)
    where = folder(state_dir)
    where.mkdir(mode=0o755, exist_ok=True)
    manifest = _manifest(where, job, file, place)
    replace_file(where / f"{job}.json", manifest.encoded(), mode=0o644)
    _show(terminal, manifest)
    return OK


def _check(state_dir: Path, job: str) -> None:
    if not JOB.fullmatch(job):
        raise BackupError(
            Text(
                f"作业名 {job!r} 不可用：请用小写字母、数字、- 和 _，最多 32 个字符。",
                f"{job!r} is no name for a job: use lower-case letters, digits, - and _, up to 32.",
            )
        )
    if not is_enrolled(state_dir):
        raise BackupError(
            Text(
                f"{state_dir} 中没有已注册的代理，写下的清单不会有人读。请用 --state-dir 指明代理的"
                "状态目录，例如 /var/lib/banjun-agent。",
                f"No enrolled agent works in {state_dir}, so nobody would read the manifest. Name "
                "the agent's own with --state-dir, such as /var/lib/banjun-agent.",
            )
        )


def _manifest(where: Path, job: str, file: Path, place: str) -> Manifest:
    """Of the file as it is now. Its own time counts: an old backup that is told again is old."""
    digest, size, made = _look_at(file)
    if made > time.time():
        raise BackupError(
            Text(
                f"{file} 的修改时间 {_when(made)} 在未来；请核对本机时钟。",
                f"{file} was changed in the future, {_when(made)}; see to this machine's clock.",
            )
        )
    return Manifest(job, made, size, place, digest, _earlier(where, job, made))


def _look_at(file: Path) -> tuple[str, int, int]:
    """SHA-256, bytes and time of change. Raises BackupError."""
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            found = os.fstat(content.fileno())
    except OSError as exc:
        raise BackupError(
            Text(
                f"无法读取备份文件 {file}：{exc.strerror}。作业没有被记为成功。",
                f"Cannot read the backup {file}: {exc.strerror}. The job is not taken for done.",
            )
        ) from exc
    return digest, found.st_size, int(found.st_mtime)


def _earlier(where: Path, job: str, made: int) -> tuple[int, ...]:
    """Sizes of the runs before; a backup that is told twice counts once."""
    if not (where / f"{job}.json").exists():
        _make_room(where, job)
        return ()
    try:
        before = read(where, job)
    except ManifestError:  # what cannot be read is written anew
        return ()
    again = before.time == made
    return before.sizes if again else (*before.sizes, before.size)[-MOST_SIZES:]


def _make_room(where: Path, job: str) -> None:
    taken = [name for name in names(where) if name != job]
    if len(taken) >= MOST_JOBS:
        raise BackupError(
            Text(
                f"{where} 中已有 {len(taken)} 个作业，最多 {MOST_JOBS} 个。"
                "请删除停用作业的 .json 文件。",
                f"{where} holds {len(taken)} jobs already, and {MOST_JOBS} is the most. Remove the "
                ".json file of one that has ended.",
            )
        )


def _show(terminal: Terminal, manifest: Manifest) -> None:
    if terminal.json:
        fields = ("job", "time", "size", "place", "sha256")
        terminal.dump({name: getattr(manifest, name) for name in fields})
        return
    terminal.show(
        f"已记下备份 {manifest.job}：{manifest.size} 字节，制作于 {_when(manifest.time)}",
        f"noted backup {manifest.job}: {manifest.size} bytes, made {_when(manifest.time)}",
    )


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")
