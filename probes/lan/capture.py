"""A capture file of a technician, read with the same eyes as the network itself."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from probes.lan import frames
from probes.lan.adverts import sort_out as sort_out_adverts
from probes.lan.facts import Offer
from probes.lan.heard import Heard
from probes.lan.watch import claims_of, sort_out

MOST_FRAMES = 200_000
_MOST_OF_A_SORT = 20_000
_MOST_DATAGRAMS = 2_000
_MOST_ROWS = 200


def read(path: Path) -> list[str]:
    """Lines for a technician, the last one with numbers. Raises BanjunError for what is no capture.

    A line of its own, `several`, names cards that claim more than one address: routers do, and so
    does one who stands between two others where the owner of an address was not recorded.
    """
    heard, count, other = (
        Heard(most_of_a_sort=_MOST_OF_A_SORT, most_datagrams=_MOST_DATAGRAMS),
        0,
        0,
    )
    for frame in islice(frames.recorded(path), MOST_FRAMES):
        count += frame is not None
        other += frame is None
        if frame is not None:
            heard.add(frame)
    facts = [(fact, times) for frame, times in heard.frames.items() if (fact := frames.read(frame))]
    lines = [
        f"{row.kind} {row.address} {row.mac} frames={row.frames}"
        + (f" names={row.names}" if row.names else "")
        for row in sort_out(heard.frames)
    ]
    lines += [
        f"offer {o.server} {o.mac} router={o.router} resolvers={o.resolvers}"
        for o in (fact for fact, _ in facts if isinstance(fact, Offer))
    ]
    adverts = sort_out_adverts(heard.frames)
    lines += [
        f"advert {a.address} {a.mac} prefixes={a.prefixes} lifetime={a.lifetime} flags={a.flags}"
        for a in adverts.found
    ]
    lines += [
        f"several {mac} {' '.join(addresses)}"
        for mac, addresses in claims_of(facts).of_one_card().items()
    ]
    total = f"frames={count} other={other} malformed={adverts.malformed} missed={heard.missed}"
    return [*list(dict.fromkeys(lines))[:_MOST_ROWS], total]
