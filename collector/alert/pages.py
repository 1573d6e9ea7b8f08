"""docs/runbook: one page for each alert, made of policies/runbook.toml. Chinese first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.alert.scene import read_alert_policy
from collector.judge.pages import NOTICE, stale
from config.runbook_file import RunbookPage
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.text import Language, Text

_WHAT = Text("这是什么意思", "What it means")
_FIRST = Text("先做这三件事", "First three things to do")
_OVER = Text("怎样知道已经结束", "How to know that it is over")


def render(runbook: Mapping[str, RunbookPage]) -> dict[str, str]:
    """File name -> page, and the list of them."""
    pages = {f"{id}.md": _page(page) for id, page in runbook.items()}
    return {**pages, "README.md": _list(runbook)}


def _page(page: RunbookPage) -> str:
    blocks = [f"# {page.title.zh} · {page.title.en}", f"告警 alert: `{page.id}`"]
    for language in Language:
        steps = "\n".join(f"{n}. {step(language)}" for n, step in enumerate(page.steps, 1))
        blocks += [
            f"## {_WHAT(language)}",
            page.meaning(language),
            f"## {_FIRST(language)}",
            steps,
            f"## {_OVER(language)}",
            page.over(language),
        ]
    return "\n\n".join([NOTICE, *blocks]) + "\n"


def _list(runbook: Mapping[str, RunbookPage]) -> str:
    lines = [f"* [{page.title.zh} · {page.title.en}]({id}.md)" for id, page in runbook.items()]
    head = "# 处置手册 · Runbook\n\n每种告警一页。 One page for each alert.\n\n"
    return f"{NOTICE}\n\n{head}" + "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the pages are as they should be; with --check, 1 and their names when not."""
    parser = argparse.ArgumentParser(prog="python -m collector.alert.pages", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/runbook"))
    parser.add_argument("--check", action="store_true", help="只检查，不写入 (only check)")
    options = parser.parse_args(arguments)
    pages = render(read_alert_policy(load_thresholds(discover()).rows).runbook)
    wrong = stale(options.folder, pages)
    if options.check:
        sys.stdout.write("".join(f"{options.folder / name}: out of date\n" for name in wrong))
        return 1 if wrong else 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in wrong:
        if name in pages:
            (options.folder / name).write_text(pages[name], "utf-8")
        else:
            (options.folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
