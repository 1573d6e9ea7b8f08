"""python -m probes.lan: one question about the link as JSON on standard input, one answer.

For a technician: `python -m probes.lan read FILE.pcap` prints what the probes would report.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from probes import apart
from probes.model import ProbeError
from probes.text import BanjunError, choose_language


def main(words: Sequence[str]) -> int:
    if words[:1] == ["read"] and len(words) == 2:
        return _read(Path(words[1]))
    if words:
        print(__doc__, file=sys.stderr)
        return 2
    apart.serve(answer)
    return 0


def answer(question: Mapping[str, Any]) -> object:
    """Raises ProbeError."""
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    from probes.lan import adverts, frames, names, offers, rights, sweep, watch

    work: dict[str, tuple[Callable[[Any], object], bool]] = {
        "sweep": (sweep.sweep, True),
        "offers": (offers.discover, True),
        "adverts": (adverts.solicit, True),
        "watch": (watch.watch, True),
        "names": (names.ask, False),
    }
    do, needs_frames = work[question["do"]]
    frames.load()  # before rights are given up: its files may be of this account alone
    if not rights.keep_net_raw(wanted=needs_frames) and needs_frames:
        raise ProbeError("no_privilege", "CAP_NET_RAW")
    rights.bound_work()
    return do(question)


def _read(path: Path) -> int:
    try:
        if sys.platform == "linux":
            from probes.lan import rights

            rights.bound_work()
        from probes.lan import capture, frames

        frames.load()
        print(*capture.read(path), sep="\n")
    except ModuleNotFoundError as exc:
        print(f"{exc.name}: pip install 'banjun[lan]'", file=sys.stderr)
        return 2
    except BanjunError as exc:
        print(exc.text(choose_language(None, dict(os.environ))), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
