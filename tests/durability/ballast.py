"""Takes the free space of a disk away, and gives it back."""

from __future__ import annotations

import os
from pathlib import Path

PAGE = 4096


class Ballast:
    """A file of somebody else's on the disk that holds `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "somebody-elses-file"

    def leave(self, free: int) -> None:
        """Let so many bytes be free, to the page."""
        self.drop()
        disk = os.statvfs(self._folder)
        pages = disk.f_bavail * disk.f_frsize // PAGE - free // PAGE
        self._file.write_bytes(bytes(pages * PAGE))

    def drop(self) -> None:
        self._file.unlink(missing_ok=True)
