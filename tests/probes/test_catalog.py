from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import probes.instruments
from probes.catalog import (
    AnyProbe,
    Catalog,
    CatalogError,
    CatalogOnDemand,
    UnknownProbeError,
    discover,
)
from probes.model import LOCAL, Better, Metric, Probe, Reading, Role, Unit
from probes.text import Text

GOOD = """
from probes.model import Better, Metric, Probe, Reading, Role, Unit
from probes.text import Text

APPLES_COUNT = Metric(name="apples_count", unit=Unit.COUNT, better=Better.HIGHER,
    title=Text("苹果", "Apples"), meaning=Text("有几个", "How many"), resolution=1, minimum=0)

class Apples(Probe):
    name = "apples"
    title = Text("苹果", "Apples")
    measures = (APPLES_COUNT,)
    roles = frozenset({Role.PC})

    async def measure(self, target):
        return Reading.ok({APPLES_COUNT: 3})
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of instruments, beside the real one."""
    monkeypatch.setattr(
        probes.instruments, "__path__", [*probes.instruments.__path__, str(tmp_path)]
    )
    before = set(sys.modules)
    discover.cache_clear()
    yield tmp_path
    discover.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("probes.instruments."):
            del sys.modules[name]
            delattr(probes.instruments, name.rpartition(".")[2])


def probe_with(name: str, metric: str = "pears_count", label: str = "side") -> AnyProbe:
    pears = Metric(
        name=metric,
        unit=Unit.COUNT,
        better=Better.NEITHER,
        title=Text("梨", "Pears"),
        meaning=Text("梨", "Pears"),
        resolution=1,
    )
    body = {
        "name": name,
        "title": Text("梨", "Pears"),
        "measures": (pears,),
        "labels": {label: Text("边", "Side")},
        "reasons": {"rotten": Text("烂了", "Rotten.")},
        "roles": frozenset({Role.PC}),
    }
    return type(name.title(), (Probe,), body)


async def test_probe_added_as_one_file_is_found(folder: Path) -> None:
    (folder / "apples.py").write_text(GOOD)
    apples = discover()["apples"]
    reading = await apples(apples.Settings()).measure(LOCAL)
    assert isinstance(reading, Reading)
    assert discover().metric("apples", "apples_count") in reading.values


def test_broken_file_is_not_passed_over(folder: Path) -> None:
    (folder / "broken.py").write_text("import a_library_that_does_not_exist")
    with pytest.raises(ImportError):
        discover()


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace('name = "apples"', 'name = "pears"'),
        GOOD + GOOD[GOOD.index("class") :].replace("Apples", "More"),
    ],
    ids=["empty", "other name", "two probes"],
)
def test_file_must_hold_one_probe_of_its_name(folder: Path, text: str) -> None:
    (folder / "apples.py").write_text(textwrap.dedent(text))
    with pytest.raises(CatalogError, match="apples"):
        discover()


def test_two_probes_of_one_name_are_an_error() -> None:
    with pytest.raises(CatalogError, match="twice"):
        Catalog([probe_with("twice"), probe_with("twice")])


@pytest.mark.parametrize("name", ["agent", "at", "period"])
def test_common_column_cannot_be_a_metric_or_label(name: str) -> None:
    with pytest.raises(CatalogError, match=name):
        Catalog([probe_with("p", metric=name)])
    with pytest.raises(CatalogError, match=name):
        Catalog([probe_with("p", label=name)])


def test_metric_and_label_cannot_share_a_name() -> None:
    with pytest.raises(CatalogError, match="pears_count"):
        Catalog([probe_with("p", label="pears_count")])


def test_catalog_is_sorted_and_counts() -> None:
    catalog = Catalog([probe_with("b"), probe_with("a")])
    assert list(catalog) == ["a", "b"]
    assert len(catalog) == 2
    assert "a" in catalog
    assert "c" not in catalog


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    catalog = Catalog([probe_with("pears")])
    with pytest.raises(UnknownProbeError, match=r"known probes: pears") as caught:
        catalog["plums"]
    assert "plums" in caught.value.text.zh
    with pytest.raises(UnknownProbeError, match="it has: pears_count"):
        catalog.metric("pears", "stones_count")


def test_get_answers_none_for_an_unknown_probe() -> None:
    assert Catalog([]).get("plums") is None


def test_reason_has_words_or_is_shown_bare() -> None:
    catalog = Catalog([probe_with("pears")])
    assert catalog.reason("pears", "rotten").en == "Rotten."
    assert "route" in catalog.reason("pears", "no_route").en
    assert catalog.reason("unknown", "from_the_future").en == "from_the_future"


def test_catalog_on_demand_has_the_same_probes() -> None:
    assert dict(CatalogOnDemand()) == dict(discover())
    assert "uptime" in CatalogOnDemand()
    assert len(CatalogOnDemand()) == len(discover())


def test_catalog_on_demand_loads_what_is_asked_for(folder: Path) -> None:
    (folder / "apples.py").write_text(GOOD)
    (folder / "broken.py").write_text("import nothing_of_that_name")
    catalog = CatalogOnDemand()
    assert {"apples", "broken"} < set(catalog)
    assert "probes.instruments.apples" not in sys.modules
    assert catalog["apples"].name == "apples"
    assert catalog["apples"] is catalog["apples"]
    with pytest.raises(CatalogError, match="broken cannot be loaded"):
        catalog["broken"]
    with pytest.raises(UnknownProbeError, match="known probes: apples"):
        catalog["plums"]
