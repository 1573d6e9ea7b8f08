"""Each probe's metrics by name, looked up for the probes that have something to pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.runner import Catalog
from probes.catalog import CatalogError
from probes.model import Metric


class Resolutions(Mapping[str, Mapping[str, Metric]]):
    """A view of a catalog. It never loads a probe that nothing was measured with."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __getitem__(self, name: str) -> Mapping[str, Metric]:
        try:
            probe = self._catalog[name]
        except CatalogError as exc:  # Its readings of before an upgrade go out as they are.
            raise KeyError(name) from exc
        return {metric.name: metric for metric in probe.measures}

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog)

    def __len__(self) -> int:
        return len(self._catalog)
