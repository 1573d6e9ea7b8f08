"""What the `ping` of iputils or busybox prints in the C locale, as numbers. It trusts nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from probes.model import ProbeError

_REPLY = re.compile(
    r"^\d{1,5} bytes from [^\n]*?[ :](?:icmp_)?seq=(\d{1,5}) [^\n]*?time=(\d{1,7}(?:\.\d{1,6})?) ms"
)
_SUMMARY = re.compile(r"^(\d{1,5}) packets transmitted, (\d{1,5}) (?:packets )?received")


@dataclass(frozen=True, slots=True)
class PingOutput:
    """`times`: seconds by sequence number, the first answer to each; `sent`: echoes sent."""

    sent: int
    times: dict[int, float]


def parse_ping(text: str, asked: int) -> PingOutput:
    """`asked` is how many echoes the program was told to send.

    Raises ProbeError("unreadable") when there is no summary, or when it contradicts the lines above
    it or what was asked.
    """
    times: dict[int, float] = {}
    summary: re.Match[str] | None = None
    for line in text.splitlines():
        if match := _REPLY.match(line):
            times.setdefault(int(match[1]), float(match[2]) / 1000)
        summary = _SUMMARY.match(line) or summary
    if summary is None:
        raise ProbeError("unreadable", f"ping: {text[:80]!r}")
    sent, received = int(summary[1]), int(summary[2])
    # busybox counts from 0 and iputils from 1; duplicates make `received` the larger.
    if not (
        0 < sent <= asked and len(times) <= min(sent, received) and max(times, default=0) <= sent
    ):
        raise ProbeError("unreadable", f"ping: {summary[0]!r}, {len(times)} / {asked}")
    if received and not times:
        raise ProbeError("unreadable", f"ping: {summary[0]!r}")
    return PingOutput(sent, times)
