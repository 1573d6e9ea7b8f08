"""The arrows of docs/architecture.md as tables; any other import fails here.

A new rule belongs here when a reader of the house would be surprised to see it broken.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ARROWS: dict[str, set[str]] = {
    "probes": set(),
    "config": {"probes"},
    "agent": {"probes", "config"},
    "collector": {"probes", "config"},
    "grafana": {"probes", "config"},
    "tests": {"probes", "config", "agent", "collector", "grafana"},
}
"""Package -> the packages of ours that it may import."""

LIGHT: dict[str, set[str]] = {
    "probes": {"msgspec", "psutil"},
    "config": {"msgspec"},
    "agent": {"apscheduler", "msgspec", "psutil"},
}
"""Package -> the only third-party libraries that it may import: a classroom PC pays for each."""

LAZY: dict[str, set[str]] = {
    "config": {"holidays"},
    "probes": {"dns", "pyasn1", "pysnmp", "scapy"},
}
"""As LIGHT, and only inside a function, so that nobody loads it who does not call that."""

HEAVY = {
    *("aiohttp", "alembic", "apprise", "cryptography", "duckdb", "holidays", "influxdb_client"),
    "scapy",
    *(
        "docx",
        "jinja2",
        "lxml",
        "netaddr",
        "numpy",
        "prometheus_client",
        "requests",
        "rich",
        "sqlalchemy",
        "uvloop",
    ),
}
"""What the process of an agent never loads, unless a probe that runs needs it."""

ONLY_IN = {
    "apprise": "collector.alert.send",
    "apscheduler": "agent.schedule",
    "docx": "collector.response.report_files",
    "influxdb_client": "collector.export.engine",
    "netaddr": "collector.inventory.maker",
    "requests": "collector.alert.send",
    "scapy": "probes.lan.frames",
}
"""Library -> the one module of ours that knows it."""

APART = {"pyasn1": "probes.snmp", "pysnmp": "probes.snmp"}
"""Library -> the package that runs as a process of its own, and alone knows it."""

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
MAX_LINES = 500


@dataclass(frozen=True)
class Import:
    """`deferred`: inside a function, or only for the type checker; it runs at no module's load."""

    importer: str
    line: int
    imported: str
    deferred: bool

    @property
    def package(self) -> str:
        return self.importer.partition(".")[0]

    @property
    def library(self) -> str:
        return self.imported.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


@cache
def sources() -> dict[str, Path]:
    """Module name -> file, for all packages of ARROWS."""
    found = {}
    for package in ARROWS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports() -> tuple[Import, ...]:
    return tuple(
        found
        for name, path in sources().items()
        for found in _imports(name, ast.parse(path.read_text("utf-8")), deferred=False)
    )


def _imports(name: str, node: ast.AST, *, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(name, child.lineno, alias.name, deferred)
        elif isinstance(child, ast.ImportFrom):
            source = _source(name, child)
            for alias in child.names:
                whole = f"{source}.{alias.name}"
                yield Import(name, child.lineno, whole if whole in sources() else source, deferred)
        else:
            later = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(name, child, deferred=later or _is_for_types(child))


def _source(name: str, node: ast.ImportFrom) -> str:
    """The full name of what is imported from, also where it is written with dots."""
    if not node.level:
        return str(node.module)
    own = [*name.split("."), ""] if sources()[name].name == "__init__.py" else name.split(".")
    return ".".join([*own[: -node.level], *([node.module] if node.module else [])])


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def is_third_party(library: str) -> bool:
    return library not in sys.stdlib_module_names and library not in ARROWS


def test_packages_import_only_along_the_arrows() -> None:
    wrong = [
        str(i)
        for i in imports()
        if i.library in ARROWS and i.library not in ARROWS[i.package] | {i.package}
    ]
    assert wrong == []


def test_light_packages_import_only_light_libraries() -> None:
    wrong = [
        str(i)
        for i in imports()
        if i.package in LIGHT
        and is_third_party(i.library)
        and i.library not in LIGHT[i.package]
        and not (i.deferred and i.library in LAZY.get(i.package, set()))
    ]
    assert wrong == []


def test_library_behind_one_module_is_imported_nowhere_else() -> None:
    wrong = [
        str(i)
        for i in imports()
        if i.package != "tests" and ONLY_IN.get(i.library, i.importer) != i.importer
    ]
    assert wrong == []


def test_library_of_a_process_of_its_own_is_imported_nowhere_else() -> None:
    wrong = [
        str(i)
        for i in imports()
        if i.package != "tests" and not i.importer.startswith(APART.get(i.library, ""))
    ]
    assert wrong == []


def test_no_module_imports_itself_through_others() -> None:
    graph: dict[str, set[str]] = {}
    for i in imports():
        if i.imported in sources() and i.imported != i.importer and not i.deferred:
            graph.setdefault(i.importer, set()).add(i.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(" imports ".join(reversed(exc.args[1])))


def test_no_module_has_a_vague_name() -> None:
    assert [name for name in sources() if VAGUE & set(name.split("."))] == []


def test_no_file_outgrows_one_subject() -> None:
    lengths = {n: len(p.read_text("utf-8").splitlines()) for n, p in sources().items()}
    assert {n: lines for n, lines in lengths.items() if lines >= MAX_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name, path in sources().items()
        if path.name != "__init__.py"
        and not name.startswith("tests.")
        and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_collector_loads_apprise_only_to_send() -> None:
    # It and what it brings take 27 MB, which a collector without channels never pays for.
    code = "import sys, collector.app, collector.commands.alert; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"apprise", "requests"} & set(run.stdout.split()) == set()


@pytest.mark.parametrize("module", ["agent.app", "agent.__main__", "probes.catalog"])
def test_agent_loads_nothing_heavy(module: str) -> None:
    # Seen from a process of its own, because pytest and its plugins load much.
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert HEAVY & set(run.stdout.split()) == set()
