"""Which files and windows make up the store now, and who still reads an older set."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from collector.store.hot import Window
from collector.store.journal import ArchiveFile


class View:
    """A consistent set: no reading is in two of its members, and none is missing."""

    def __init__(self, files: Sequence[ArchiveFile], windows: Sequence[Window]) -> None:
        self.files = tuple(files)
        self.windows = tuple(windows)
        self.users = 0


class Views:
    """The current view, and the wait until nobody uses the one before."""

    def __init__(self, first: View) -> None:
        self._current = first
        self._changed = threading.Condition()

    @contextmanager
    def use(self) -> Iterator[View]:
        """The current view; what it names stays readable for the length of the block."""
        with self._changed:
            view = self._current
            view.users += 1
        try:
            yield view
        finally:
            with self._changed:
                view.users -= 1
                self._changed.notify_all()

    def replace(self, view: View) -> None:
        """Make `view` current; returns when no query uses the former one any more."""
        with self._changed:
            former, self._current = self._current, view
            self._changed.wait_for(lambda: former.users == 0)
