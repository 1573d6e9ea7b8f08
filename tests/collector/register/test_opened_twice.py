"""Two parts of one process may each open the register, whoever else opens and closes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from collector.register.database import Database

_LOOK = """
import sys
from pathlib import Path
from collector.register.database import Database
opened = Database(Path(sys.argv[1]))
with opened.write_unnoticed():
    pass
opened.close()
"""


def test_opening_it_again_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    # Closing any descriptor of a file gives up a process's locks on it (fcntl). Then another
    # process takes itself for the last one that leaves, and removes the log that we write to.
    path = tmp_path / "register.sqlite3"
    first = Database(path)
    with first.write():
        pass
    second = Database(path)
    log = Path(f"{path}-wal")
    before = log.stat().st_ino
    subprocess.run([sys.executable, "-c", _LOOK, str(path)], check=True, timeout=60)
    assert log.exists()
    assert log.stat().st_ino == before
    second.close()
    first.close()
