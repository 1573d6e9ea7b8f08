"""python -m grafana.build: write the dashboards to grafana/generated, or check them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from config.generated import Generated
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


GENERATED = Generated(
    program="grafana.build", about=__doc__, files=files, folder=FOLDER, pattern="*.json"
)
main = GENERATED.main


if __name__ == "__main__":
    sys.exit(main())
