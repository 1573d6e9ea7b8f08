"""Reads policies/runbook.toml: what to do about each alert. A mistake is a PolicyError."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import PolicyError, Table, read_toml
from probes.text import Text

FILE = "runbook.toml"
STEPS = 3


@dataclass(frozen=True, slots=True)
class RunbookPage:
    """What an alert means, the first things to do, and how to know that it is over."""

    id: str
    title: Text
    meaning: Text
    steps: tuple[Text, ...]
    over: Text


def load_runbook(
    alerts: Collection[str], folder: PolicyFolder = POLICY_FOLDER
) -> Mapping[str, RunbookPage]:
    """Pages by the id of their alert.

    `alerts` are all that there are; one without a page, or a page without one, is a PolicyError.
    """
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        pages = [_read(table) for table in top.tables("page")]
    ids = [page.id for page in pages]
    wrong = sorted({*alerts} ^ {*ids}) or sorted({i for i in ids if ids.count(i) > 1})
    if wrong:
        raise PolicyError(
            Text(
                f"{FILE}：{wrong[0]} 应恰有一页；每个阈值都要有一页，每页都要有阈值。",
                f"{FILE}: {wrong[0]} should have one page; each threshold has one, and each page "
                "a threshold.",
            )
        )
    return {page.id: page for page in pages}


def _read(top: Table) -> RunbookPage:
    with top as table:
        steps = tuple(_words(table, item) for item in table.items("steps"))
        if len(steps) != STEPS:
            raise table.error(
                "steps", f"应有 {STEPS} 步，有 {len(steps)} 步", f"{len(steps)} steps, not {STEPS}"
            )
        return RunbookPage(
            id=table.text("id"),
            title=table.bilingual("title"),
            meaning=table.bilingual("meaning"),
            steps=steps,
            over=table.bilingual("over"),
        )


def _words(table: Table, item: object) -> Text:
    if not isinstance(item, dict):
        raise table.error("steps", "应为 { zh, en } 的列表", "a list of { zh, en } is wanted")
    with Table(item, table.path("steps")) as words:
        return Text(words.text("zh"), words.text("en"))
