"""What the gateway of a school with remote lessons is asked beyond the others.

All day, not in the lessons alone: it is small, and a comparison with the hours before is then to be
had.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from collector.remote.model import MeetingPoint
from probes.wire import Task

WAY = "loaded_latency"
MEETING = "tcp_connect"
INTERVAL = 0.25
"""Seconds between packets: 200 in a run, one of which is half a percent; 3 kbit/s each way."""
EVERY = 60.0


def with_remote_lessons(tasks: Sequence[Task], meetings: Sequence[MeetingPoint]) -> list[Task]:
    """The tasks, denser on the way to the collector, and one for each meeting point."""
    return [_denser(task) for task in tasks] + [
        Task(MEETING, EVERY, point.target, point.host, point.port) for point in meetings
    ]


def _denser(task: Task) -> Task:
    if task.probe != WAY:
        return task
    return msgspec.structs.replace(task, settings={**task.settings, "interval": INTERVAL})
