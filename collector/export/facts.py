"""The lines of everything that was judged, gathered from where the pages look too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain

from collector.export import judged
from collector.web.showing import Showing
from probes.text import Text

MOST_AT_ONCE = 100_000
OVER_FOR = timedelta(minutes=10)
"""For so long it is said of an incident that it is over: as far back as dashboards look for what
is newest."""


class JudgedFacts:
    """`areas`: names by adcode."""

    def __init__(self, showing: Showing, areas: Mapping[str, Text]) -> None:
        self._showing = showing
        self._areas = areas

    def at(self) -> datetime | None:
        judgement = self._showing.judgement()
        return None if judgement is None else judgement.now

    def lines(self, since: datetime) -> list[str]:
        """Lines without a value are left out."""
        showing = self._showing
        judgement, now = showing.judgement(), showing.now()
        assert judgement is not None
        schools, agents = showing.schools(), showing.agents()
        counties = judged.county_of(schools)
        words = {a.id: word for a in agents if (word := showing.last_word(a.id)) is not None}
        # It is called over only when it has settled, and its end lies so far back.
        lately = now - showing.alert_policy.rules.settle - OVER_FOR
        incidents = showing.incidents(since=min(since, lately), limit=MOST_AT_ONCE)
        found = chain(
            judged.school_lines(schools, agents, self._areas, now),
            judged.agent_lines(agents, counties, words, now),
            judged.verdict_lines(judgement),
            judged.line_lines(judgement),
            judged.figure_lines(judgement, counties),
            judged.state_lines(showing.states(), counties),
            judged.flip_lines(showing.flips(None, since, MOST_AT_ONCE), counties),
            judged.incident_lines(incidents, counties, now, lately),
            [judged.platform_line(showing.figures(), now)],
        )
        return [line for line in found if line]
