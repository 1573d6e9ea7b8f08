"""Files that a program writes and nobody edits: write those that differ, or only name them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from probes.text import BanjunError

Files = Mapping[str, str]
"""Path below the folder -> text."""


@dataclass(frozen=True, slots=True)
class Generated:
    """One command's files.

    Attributes:
        program, about: for its help.
        files: makes what should be there.
        folder: where, unless the command line says another.
        pattern, is_ours: which present files, and by their text, are this command's; one that is
            and is not made any more is removed.
    """

    program: str
    about: str
    files: Callable[[], Files]
    folder: Path
    pattern: str = "*.md"
    is_ours: Callable[[str], bool] = lambda text: True

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """0 when the files are as they should be; with --check, 1 and their names when not.

        2 and what is wrong, in both languages, when they cannot be made from the data.
        """
        parser = argparse.ArgumentParser(prog=f"python -m {self.program}", description=self.about)
        parser.add_argument("folder", type=Path, nargs="?", default=self.folder)
        parser.add_argument("--check", action="store_true", help="只检查，不写入 (only check)")
        options = parser.parse_args(arguments)
        try:
            wanted = self.files()
        except BanjunError as exc:
            sys.stderr.write(f"{exc.text.zh}\n{exc.text.en}\n")
            return 2
        wrong = self.stale(wanted, options.folder)
        if options.check:
            sys.stdout.write("".join(f"{options.folder / name}: out of date\n" for name in wrong))
            return 1 if wrong else 0
        for name in wrong:
            _put(options.folder / name, wanted.get(name))
        return 0

    def stale(self, wanted: Files, folder: Path | None = None) -> list[str]:
        """The files that are missing, differ or belong no longer."""
        folder = folder or self.folder
        texts = {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in folder.rglob(self.pattern)
        }
        present = {name: text for name, text in texts.items() if self.is_ours(text)}
        return sorted(n for n in present.keys() | wanted.keys() if present.get(n) != wanted.get(n))


def _put(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
