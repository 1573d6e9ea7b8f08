"""`python -m tests.lab.demo [--once]`, which `make demo` and `make demo-once` call."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from probes.text import Language, Text, choose_language
from tests.lab.demo.needs import INTENT, missing
from tests.lab.demo.plan import SCHOOLS
from tests.lab.demo.run import Demo
from tests.lab.demo.screen import Screen
from tests.lab.demo.town import Town
from tests.lab.programs import EndedError
from tests.lab.space import lab

OK, FAILED, USAGE = 0, 1, 2


def main() -> int:
    """0 when every verdict became what the lines are, or Ctrl-C ended it; 1 if not; 2: cannot."""
    options = _options()
    print(INTENT, end="\n\n", flush=True)
    if lacking := missing():
        print("\n".join(lacking), file=sys.stderr)
        return USAGE
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _as_ctrl_c)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # nothing of root's in a tree of somebody else's
    return _run(Screen(choose_language(options.lang, dict(os.environ))), once=options.once)


def _run(screen: Screen, *, once: bool) -> int:
    with lab() as (spaces, folder):
        town = Town(spaces, folder, SCHOOLS, screen.say)
        demo = Demo(town, screen, SCHOOLS)
        try:
            town.build()
            right = demo.run(once=once)
        except KeyboardInterrupt:
            right = False
        except EndedError as exc:
            print(exc, file=sys.stderr)
            return FAILED
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing interrupts the clearing away
            town.close()
        demo.summary()
        screen.say(_END if right or not once else _WRONG)
    return OK if right or not once else FAILED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=INTENT, formatter_class=_AsWritten)
    parser.add_argument(
        "--once",
        action="store_true",
        help="结论全部正确即结束，否则退出码 1 · end when all is right",
    )
    parser.add_argument("--lang", choices=[str(each) for each in Language])
    return parser.parse_args()


_AsWritten = argparse.RawDescriptionHelpFormatter


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


_END = Text("演示结束，一切已清除。", "The demonstration has ended; everything is removed.")
_WRONG = Text(
    "结论没有在限定时间内与真值一致。", "The verdicts did not agree with the truth in time."
)

if __name__ == "__main__":
    sys.exit(main())
