"""DATA/remote-lessons.csv while a collector runs: read again when it changes.

The list is the county's own and stays out of the program's folders, so that an update never
overwrites it. A mistake in it stops nobody: what was known before goes on, and verdicts say what is
wrong.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collector.remote.model import MeetingPoint, RemoteLesson
from collector.remote.sheet import read_lessons
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)

FILE = "remote-lessons.csv"
MeetingPoints = Mapping[str, tuple[MeetingPoint, ...]]
"""School with remote lessons -> the points that they need, which may be none."""


@dataclass(frozen=True, slots=True)
class RemoteLessons:
    """What is listed.

    Attributes:
        fault: what is wrong with the file; None = nothing. Then `lessons` may be out of date.
        revision: changes when the file does; empty = there is no file.
    """

    lessons: tuple[RemoteLesson, ...] = ()
    fault: Text | None = None
    revision: str = ""
    meetings: MeetingPoints = field(default_factory=dict)

    def of(self, school: str) -> list[RemoteLesson]:
        return [lesson for lesson in self.lessons if lesson.school == school]


NONE_LISTED = RemoteLessons()


def load_remote_lessons(path: Path) -> RemoteLessons:
    """Nothing without a file. Raises BanjunError, whose text names the file, for its content."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return NONE_LISTED
    except OSError as exc:
        raise BanjunError(
            Text(f"{path.name}：读不出：{exc.strerror}。", f"{path.name}: {exc.strerror}.")
        ) from exc
    try:
        lessons = tuple(read_lessons(data))
    except BanjunError as exc:
        raise BanjunError(
            Text(f"{path.name}：{exc.text.zh}", f"{path.name}: {exc.text.en}")
        ) from exc
    revision = hashlib.sha256(data).hexdigest()[:12]
    return RemoteLessons(lessons, None, revision, _meetings(lessons))


def _meetings(lessons: tuple[RemoteLesson, ...]) -> MeetingPoints:
    found: dict[str, set[MeetingPoint]] = {}
    for lesson in lessons:
        points = found.setdefault(lesson.school, set())
        if lesson.meeting is not None:
            points.add(lesson.meeting)
    return {school: tuple(sorted(points)) for school, points in found.items()}


class RemoteLessonsFile:
    """The list as it stands in a data directory; `refresh` blocks."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE
        self._seen: tuple[int, int] | None = None
        self.now = NONE_LISTED
        self.refresh()

    def refresh(self) -> bool:
        """Read it again if it changed; whether it did. Cheap if not."""
        found = self._stamp()
        if found == self._seen:
            return False
        self._seen = found
        try:
            self.now = load_remote_lessons(self._path)
        except BanjunError as exc:
            log.error("%s", exc.text.en)
            before = self.now
            self.now = RemoteLessons(before.lessons, exc.text, before.revision, before.meetings)
        return True

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
