"""VictoriaMetrics is away for ten real minutes while agents push, and holds all in the end."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from collector.commands.client import ask
from collector.export.exporter import LONGEST_WAIT
from tests.durability.beside import Site
from tests.durability.processes import PATIENCE
from tests.lab.victoria import Victoria

AWAY_SECONDS = 600.0
BEFORE_SECONDS = 20.0


def main() -> int:
    """Fails with an AssertionError; prints what was compared."""
    with TemporaryDirectory() as folder, Victoria(Path(folder)) as engine:
        site = Site(Path(folder), engine)
        try:
            site.push_for(BEFORE_SECONDS)
            engine.end(signal.SIGKILL)
            print(f"the engine was killed; pushing for {AWAY_SECONDS:.0f} s", flush=True)
            site.push_for(AWAY_SECONDS)
            status = ask(site.data_dir, "/v1/status")
            print(f"owed: {status['export_owed_rows']} rows in {status['export_owed_files']} files")
            engine.start()
            started = time.monotonic()
            site.check(LONGEST_WAIT + PATIENCE)
            print(
                f"after {time.monotonic() - started:.1f} s the engine holds exactly the "
                f"{len(site.senders.acknowledged)} readings that were acknowledged"
            )
        finally:
            site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
