"""docs/runbook: one page for each alert, made of policies/runbook.toml. Chinese first."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from collector.alert.scene import read_alert_policy
from collector.judge.pages import NOTICE
from config.generated import Generated
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


PAGES = Generated(
    program="collector.alert.pages",
    about=__doc__,
    files=lambda: render(read_alert_policy(load_thresholds(discover()).rows).runbook),
    folder=Path("docs/runbook"),
    is_ours=lambda text: text.startswith(NOTICE),
)
main = PAGES.main


if __name__ == "__main__":
    sys.exit(main())
