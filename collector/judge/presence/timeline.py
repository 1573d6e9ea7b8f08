"""What every device of one school was over the last day or so, and what it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collector.judge.presence.gather import gather, heard
from collector.judge.presence.history import history
from collector.judge.presence.model import History, Run, Stop
from collector.store import Store

LOOK_BACK = timedelta(days=7)
"""How far back runs are read, to know a device's habits and how its last run ended."""
GRACE = timedelta(minutes=7)
"""Of beats: a PC seals each five minutes, and beats each minute."""
WORD_GRACE = timedelta(minutes=4)
"""Of pushes, which come each minute: a device that pushed at least once is missed sooner."""


@dataclass(frozen=True, slots=True)
class Said:
    """The newest push of an agent: when it was received, and what it says is being stopped."""

    at: datetime
    stopping: str = ""


def timelines(
    store: Store,
    school: str,
    agents: Sequence[str],
    since: datetime,
    until: datetime,
    said: Mapping[str, Said],
) -> dict[str, History]:
    """By agent; blocks on the store. `said` is later than the beats that are in the store."""
    found = gather(store, since - LOOK_BACK, until, {"school": school}).get(school, {})
    runs = {agent: heeding(list(found.get(agent, ())), said.get(agent)) for agent in agents}
    site = heard([*found.values(), *runs.values()], GRACE)
    return {
        agent: history(runs[agent], site, since, until, WORD_GRACE if agent in said else GRACE)
        for agent in agents
    }


def heeding(runs: list[Run], said: Said | None) -> list[Run]:
    """The newest run reaches to what its agent said since: it was there to say it."""
    if said is None or not runs:
        return runs
    newest = max(runs, key=lambda run: run.last)
    if newest.last >= said.at:
        return runs
    stop = newest.stop or (Stop(said.at, said.stopping == "machine") if said.stopping else None)
    others = [run for run in runs if run is not newest]
    return [*others, replace(newest, last=said.at, stop=stop)]
