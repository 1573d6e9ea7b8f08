"""python -m grafana.build: write the dashboards to grafana/generated, or check them."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import boards
from grafana.edition import EDITIONS, Edition
from grafana.frame import finished

FOLDER = Path(__file__).parent / "generated"


def modules() -> list[ModuleType]:
    """Every file of grafana/boards, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(boards.__path__))
    return [importlib.import_module(f"grafana.boards.{name}") for name in names]


def dashboards(edition: Edition) -> dict[str, Dashboard]:
    """Name -> dashboard."""
    return {module.NAME: finished(module.build(edition)) for module in modules()}


def files() -> dict[str, str]:
    """Path below `generated` -> JSON."""
    return {
        f"{edition.engine}/{edition.language}/{name}.json": encoded(board)
        for edition in EDITIONS
        for name, board in dashboards(edition).items()
    }


def encoded(board: Dashboard) -> str:
    """JSON with a line for each panel or folded row, so that a change shows where it is."""
    plain: dict[str, object] = json.loads(json.dumps(board, cls=JSONEncoder))
    lines = [f"{_compact(key)}: {_value(value)}" for key, value in plain.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value(value: object) -> str:
    if not isinstance(value, list):
        return _compact(value)
    return "[\n" + ",\n".join(map(_compact, value)) + "\n]"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def stale(folder: Path, wanted: dict[str, str]) -> list[str]:
    """The files that are missing, differ or belong no longer."""
    present = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*.json")
    }
    return sorted(n for n in present.keys() | wanted.keys() if present.get(n) != wanted.get(n))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the files are as they should be; with --check, 1 and their names when not."""
    parser = argparse.ArgumentParser(prog="python -m grafana.build", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--check", action="store_true", help="只检查，不写入 (only check)")
    options = parser.parse_args(arguments)
    wanted = files()
    wrong = stale(options.folder, wanted)
    if options.check:
        sys.stdout.write("".join(f"{options.folder / name}: out of date\n" for name in wrong))
        return 1 if wrong else 0
    for name in wrong:
        path = options.folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], "utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
