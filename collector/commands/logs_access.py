"""Logs and register of a data directory for `logs` and its actions, with or without a collector."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.register_access import opened
from probes.text import BanjunError, Text

if TYPE_CHECKING:
    from collector.logs.keeping import LogKeeping
    from collector.register.register import Register
    from config.log_file import LogPolicy


class WrongUserError(BanjunError):
    """What this would write could not be used by the collector."""


@dataclass(frozen=True, slots=True)
class LogAccess:
    logs: LogKeeping
    policy: LogPolicy
    register: Register

    def school_names(self) -> Mapping[str, str]:
        today = self.register.today()
        return {school.code: school.name for school in self.register.schools(today)}


@contextmanager
def logs_of(args: argparse.Namespace) -> Iterator[LogAccess]:
    """Raises NoRegisterError and PolicyError."""
    from collector.logs.keeping import LogKeeping
    from config.log_file import load_log_policy
    from config.policy_folder import policies_of

    folder = policies_of(args.data_dir)
    policy = load_log_policy(folder)
    with opened(args.data_dir) as register:
        logs = LogKeeping.open(args.data_dir, folder, now)
        try:
            yield LogAccess(logs, policy, register)
        finally:
            logs.close()


def require_owner(data_dir: Path) -> str:
    """The user to whom the data directory belongs, and who runs this. Raises WrongUserError."""
    import os
    import pwd

    status = data_dir.stat()
    owner = pwd.getpwuid(status.st_uid).pw_name
    if os.geteuid() != status.st_uid:
        raise WrongUserError(
            Text(
                f"{data_dir} 属于用户 {owner}；请以该用户运行，例如 sudo -u {owner} …，"
                "否则采集器用不了这里写下的文件。",
                f"{data_dir} belongs to {owner}; run this as that user, as with sudo -u {owner}, "
                "or the collector cannot use what is written here.",
            )
        )
    return owner


def now() -> datetime:
    return datetime.now(UTC)
