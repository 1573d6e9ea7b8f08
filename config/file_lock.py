"""A lock on an open file that no other process gets; the operating system frees it with the file.

So it never outlives its process, however that ends.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def lock(handle: int) -> None:
        """Raises OSError when another process holds it."""
        # A byte far behind what is written there, because a locked byte cannot be read on Windows.
        os.lseek(handle, 4096, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(handle: int) -> None:
        """Raises OSError when another process holds it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
