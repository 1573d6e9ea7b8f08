"""What somebody on the way said of our packets, other than an answer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from probes.text import Text


class Refusal(Enum):
    """The value is the reason that is stored."""

    NO_SERVICE = "no_service"
    UNREACHABLE = "unreachable"


REFUSALS: Mapping[str, Text] = {
    "no_service": Text(
        "主机有应答，但端口上没有这项服务。",
        "The host is there, but nothing of the kind listens on the port.",
    ),
    "unreachable": Text(
        "路由器或本机网段报告目标不可达。",
        "A router or the local link said that the target cannot be reached.",
    ),
}
"""The words for each `Refusal`, for the reasons of a probe."""


class RefusedError(Exception):
    """A refusal came back for one of our packets."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
