"""Moves the fragments of this folder into CHANGELOG.md: `make release VERSION=0.2.0`."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

HEADINGS = {
    "data": "数据变更 · Data changes",
    "added": "新增 · Added",
    "changed": "变更 · Changed",
    "fixed": "修复 · Fixed",
}
MARK = "<!-- releases -->\n"


def fragments(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix[1:] in HEADINGS)


def section(folder: Path, version: str, day: date) -> str:
    """What CHANGELOG.md says of `version`: the fragments under their headings, data first."""
    lines = [f"## {version} ({day.isoformat()})", ""]
    for kind, heading in HEADINGS.items():
        entries = [p.read_text("utf-8").split() for p in fragments(folder) if p.suffix[1:] == kind]
        if entries:
            lines += [f"### {heading}", "", *(f"* {' '.join(words)}" for words in entries), ""]
    return "\n".join(lines) + "\n"


def release(root: Path, version: str, day: date) -> None:
    folder, changelog = root / "changelog.d", root / "CHANGELOG.md"
    head, mark, rest = changelog.read_text("utf-8").partition(MARK)
    changelog.write_text(f"{head}{mark}\n{section(folder, version, day)}{rest.lstrip()}", "utf-8")
    for fragment in fragments(folder):
        fragment.unlink()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+", sys.argv[1]):
        sys.exit("用法 usage: make release VERSION=0.2.0")
    release(Path(__file__).parents[1], sys.argv[1], datetime.now(UTC).date())
