"""本地备份的年龄: how old the newest backup kept here is, of the job that is worst."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.backups import BackupAge
from probes.text import Text


class LocalBackupAge(BackupAge):
    name: ClassVar[str] = "local_backup_age_seconds"
    place: ClassVar[str] = "local"
    title: ClassVar[Text] = Text("本地备份的年龄", "Age of the backup kept here")
    meaning: ClassVar[Text] = Text(
        "备份作业登记的最近一次本地备份距今多久，取最旧的作业；没有作业登记时未知。",
        "Since the newest backup kept here, of the job whose is oldest, as the jobs report; "
        "unknown where none does.",
    )
