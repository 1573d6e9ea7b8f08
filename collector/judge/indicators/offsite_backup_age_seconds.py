"""异地备份的年龄: how old the newest backup kept elsewhere is, of the job that is worst."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.backups import BackupAge
from probes.text import Text


class OffsiteBackupAge(BackupAge):
    name: ClassVar[str] = "offsite_backup_age_seconds"
    place: ClassVar[str] = "offsite"
    title: ClassVar[Text] = Text("异地备份的年龄", "Age of the backup kept elsewhere")
    meaning: ClassVar[Text] = Text(
        "备份作业登记的最近一次异地备份距今多久，取最旧的作业；没有作业登记时未知。",
        "Since the newest backup kept elsewhere, of the job whose is oldest, as the jobs report; "
        "unknown where none does.",
    )
