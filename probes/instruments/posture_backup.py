"""How old and how large the last backup of each job is, by what the jobs themselves say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import ClassVar

from probes.model import Better, Metric, Probe, Reading, Role, SettingError, Target, Unit, setting
from probes.posture import NONE, PART, POSTURE_LABELS, age, known, unknown
from probes.text import Text

ALL, JOB, PLACE = "all", "job", "place"
SOURCE_FILE = "file"
FOLDER_NAME = "banjun-backups"

BACKUP_AGE = age(
    "backup_age_seconds",
    Text("备份年龄", "Age of the backup"),
    Text(
        "该作业最近一次成功备份的制作时间至今；时间在未来时不是年龄，为 in_future。",
        "Since the last backup of the job was made; a time in the future is no age: in_future.",
    ),
)
BACKUP_BYTES = Metric(
    name="backup_bytes",
    unit=Unit.BYTES,
    better=Better.NEITHER,
    title=Text("备份大小", "Size of the backup"),
    meaning=Text("最近一次备份的字节数。", "Bytes of the last backup."),
    resolution=1,
    minimum=0,
)
SIZE_RATIO = Metric(
    name="backup_size_ratio",
    unit=Unit.RATIO,
    better=Better.NEITHER,
    title=Text("与往次大小之比", "Size against earlier ones"),
    meaning=Text(
        "最近一次的大小与该作业往次（最多十次）中位数之比；往次不足三次时缺失。"
        "远小于 1 往往是备份不全。",
        "Size of the last backup against the median of up to ten earlier ones of the job; absent "
        "with fewer than three. Far below 1 mostly means that something is missing in it.",
    ),
    resolution=0.001,
    minimum=0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    folder: str = setting(
        "",
        Text(
            f"备份清单所在的文件夹，须名为 {FOLDER_NAME}；留空为代理状态目录下的 backups。",
            f"Folder of the manifests, which must be called {FOLDER_NAME}; empty = `backups` in "
            "the agent's state directory.",
        ),
    )

    def __post_init__(self) -> None:
        # Or a collector could have the names of files in any folder reported.
        # PureWindowsPath knows both kinds of slashes: the collector is seldom of the same system.
        if self.folder and PureWindowsPath(self.folder).name != FOLDER_NAME:
            raise SettingError(
                Text(
                    f"folder 为 {self.folder!r}；文件夹须名为 {FOLDER_NAME}。",
                    f"`folder` is {self.folder!r}; the folder must be called {FOLDER_NAME}.",
                )
            )


class PostureBackup(Probe[Settings]):
    name = "posture_backup"
    title = Text("备份", "Backups")
    about = Text(
        "备份作业每次成功后写一个小文件（作业名、时间、字节数、摘要、地点），可用 banjun-agent "
        "backup-done 写，也可由任何脚本自己写，见 docs/backups.md。失败的作业什么也不写，"
        "于是文件越来越旧：没有消息就是坏消息。每个作业一条读数；一个清单都没有时为 no_manifest。",
        "A backup job writes a small file each time it has succeeded (job, time, bytes, digest, "
        "place), with `banjun-agent backup-done` or by any script: see docs/backups.md. A job that "
        "fails writes nothing and its file grows old: no news is bad news. One reading for each "
        "job; no_manifest while there is no file at all.",
    )
    limits = Text(
        "说的是作业自己的话：文件是否还在、能否恢复，只有恢复演练能证明。时间取自备份文件的修改时间"
        "或脚本所写。最多十六个作业，其余只报 too_many_jobs。停用的作业请删除其清单，"
        "否则年龄会一直增长。",
        "It is what the job says: whether the backup is still there and can be restored, only a "
        "restore shows. The time is that of the backup's file, or what a script wrote. At most "
        "sixteen jobs; for more it says too_many_jobs. Remove the file of a job that has ended, or "
        "its age grows on.",
    )
    privilege = Text(
        "不需要特权；清单须允许代理的用户读取，否则为 no_privilege。",
        "None; the agent's user must be able to read the manifests, else no_privilege.",
    )
    measures = (BACKUP_AGE, BACKUP_BYTES, SIZE_RATIO)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text(
            "job 为一个作业，all 为总体。", "`job` for one job, `all` for what is no job's."
        ),
        JOB: Text(f"作业名；总体为 {NONE}。", f"The job's name; {NONE} for `all`."),
        PLACE: Text(
            f"备份在哪里：local 本地，offsite 异地；未知为 {NONE}。",
            f"Where the backup is: local or offsite; {NONE} if not known.",
        ),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_manifest": Text(
            "没有任何备份作业报告过成功。", "No backup job has ever said that it succeeded."
        ),
        "in_future": Text(
            "清单中的时间在未来，年龄未知；请核对本机时钟和写清单的脚本。",
            "The manifest's time is in the future, so there is no age; check the clock and the "
            "script that wrote it.",
        ),
        "not_json": Text("清单不是 JSON 对象。", "The manifest is no JSON object."),
        "incomplete": Text(
            "清单缺少 job、time、bytes 或 place。",
            "The manifest lacks job, time, bytes or place.",
        ),
        "out_of_bounds": Text(
            "清单中有的值类型不对或超出范围。",
            "A value in the manifest has the wrong type or is out of bounds.",
        ),
        "other_job": Text(
            "清单中的作业名与文件名不符。",
            "The job in the manifest is not that of the file's name.",
        ),
        "too_large": Text("清单大于 16 KiB。", "The manifest is larger than 16 KiB."),
        "unsafe_name": Text(
            "文件名不是可用的作业名：只用小写字母、数字、- 和 _，最多 32 个字符。",
            "The file's name is no name of a job: lower-case letters, digits, - and _, at most 32.",
        ),
        "too_many_jobs": Text(
            "清单多于十六个，其余未读。",
            "There are more than sixteen manifests; the rest is not read.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings

    async def measure(self, target: Target) -> list[Reading]:
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Reading]:
        from probes.backup import manifest

        folder = Path(self.settings.folder) if self.settings.folder else manifest.folder()
        try:
            names = manifest.names(folder)
        except (FileNotFoundError, NotADirectoryError):
            names = []
        except OSError as exc:
            return [_of_all(_reason(exc))]
        if not names:
            return [_of_all("no_manifest")]
        jobs = [name for name in names if manifest.JOB.fullmatch(name)]
        readings = [_of_job(folder, job) for job in jobs[: manifest.MOST_JOBS]]
        readings += [_of_all("unsafe_name")] if len(jobs) < len(names) else []
        return readings + ([_of_all("too_many_jobs")] if len(jobs) > manifest.MOST_JOBS else [])


def _of_all(reason: str) -> Reading:
    return unknown(ALL, reason, job=NONE, place=NONE)


def _of_job(folder: Path, job: str) -> Reading:
    from probes.backup import manifest

    try:
        found = manifest.read(folder, job)
    except manifest.ManifestError as exc:
        return unknown(JOB, exc.reason, SOURCE_FILE, job=job, place=NONE)
    except OSError as exc:
        return unknown(JOB, _reason(exc), SOURCE_FILE, job=job, place=NONE)
    since = time.time() - found.time
    if since < 0:
        return unknown(JOB, "in_future", SOURCE_FILE, job=job, place=found.place)
    values = {BACKUP_AGE: since, BACKUP_BYTES: found.size, SIZE_RATIO: found.ratio}
    return known(JOB, SOURCE_FILE, values, job=job, place=found.place)


def _reason(exc: OSError) -> str:
    return "no_privilege" if isinstance(exc, PermissionError) else "unreadable"
