"""Who this agent is: the file `identity.json`, written once by enrolment.

The file is the only thing on the machine that speaks for the agent, so nobody else may read it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from config.durable import replace_file
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)


class IdentityError(BanjunError):
    """There is no identity, or it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What enrolment gave. `key` is secret and never shown."""

    agent: str
    key: str
    school: str
    school_name: str
    role: str
    url: str
    pin: str = ""

    def __repr__(self) -> str:
        return f"Identity(agent={self.agent!r}, school={self.school!r}, url={self.url!r}, key=...)"

    @property
    def credential(self) -> str:
        """For the Authorization header of every request."""
        return f"Bearer {self.agent}.{self.key}"

    @property
    def collector_host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def collector_port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @classmethod
    def load(cls, state_dir: Path) -> Self:
        """Raises IdentityError, saying how to enrol."""
        path = state_dir / "identity.json"
        try:
            data: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            identity = cls(**data)
        except FileNotFoundError:
            raise _not_enrolled(state_dir) from None
        except (OSError, ValueError, TypeError) as exc:
            raise _unreadable(path, exc) from exc
        if not all(isinstance(value, str) for value in data.values()):
            raise _unreadable(path, TypeError("not all values are strings"))
        _tighten(path)
        return identity

    def save(self, state_dir: Path) -> None:
        content = json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()
        replace_file(state_dir / "identity.json", content, mode=0o600)


def is_enrolled(state_dir: Path) -> bool:
    return (state_dir / "identity.json").exists()


def _tighten(path: Path) -> None:
    if os.name != "nt" and path.stat().st_mode & 0o077:
        log.warning("identity file was open to other users; closed it path=%s", path)
        path.chmod(0o600)


def _not_enrolled(state_dir: Path) -> IdentityError:
    return IdentityError(
        Text(
            f"{state_dir} 中没有身份，本代理尚未注册。"
            "请在采集器上运行 banjun-collector token create，"
            "再在此运行 banjun-agent enrol 注册串。",
            f"There is no identity in {state_dir}; this agent is not enrolled. "
            "Run `banjun-collector token create` on the collector, "
            "then `banjun-agent enrol STRING` here.",
        )
    )


def _unreadable(path: Path, exc: Exception) -> IdentityError:
    return IdentityError(
        Text(
            f"读不懂身份文件 {path}：{exc}。请检查其所有者，或用 enrol --replace 重新注册。",
            f"Cannot read the identity in {path}: {exc}. "
            "Check who owns it, or enrol again with enrol --replace.",
        )
    )
