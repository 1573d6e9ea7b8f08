"""A small catalog of its own, so that the tests of the store do not hang on any instrument."""

from __future__ import annotations

from probes.catalog import Catalog
from probes.metrics import SEEN
from probes.model import Better, Metric, Probe, Role, Unit
from probes.text import Text

_WORDS = Text("测试", "test")


def metric(name: str, unit: Unit, maximum: float | None = None) -> Metric:
    return Metric(
        name=name,
        unit=unit,
        better=Better.NEITHER,
        title=_WORDS,
        meaning=_WORDS,
        resolution=0.001,
        minimum=0,
        maximum=maximum,
    )


LOSS = metric("loss_ratio", Unit.RATIO, 1)
RTT = metric("rtt_seconds", Unit.SECONDS)
RATE = metric("received_bits_per_second", Unit.BITS_PER_SECOND)


class Echo(Probe[object]):
    name = "echo"
    title = _WORDS
    measures = (LOSS, RTT)
    roles = frozenset({Role.GATEWAY, Role.PC})
    reasons = {"silent": _WORDS}  # noqa: RUF012


class Rate(Probe[object]):
    name = "rate"
    title = _WORDS
    measures = (RATE,)
    labels = {"interface": _WORDS}  # noqa: RUF012
    roles = frozenset({Role.GATEWAY})


class Sighting(Probe[object]):
    name = "sighting"
    title = _WORDS
    measures = (SEEN,)
    labels = {"mac": _WORDS}  # noqa: RUF012
    roles = frozenset({Role.GATEWAY})


CATALOG = Catalog([Echo, Rate, Sighting])
