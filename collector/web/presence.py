"""What each device of a school is now, and its last day as a strip. Off looks as calm as on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from collector.judge.presence.gather import PRESENCE
from collector.judge.presence.model import DeviceState, History, Stretch
from collector.judge.presence.timeline import Said, timelines
from collector.register.model import Agent, School
from collector.web.chart import Band, hour_ticks
from collector.web.marks import Mark
from collector.web.reader import Reader
from collector.web.showing import Showing
from probes.text import Text

DAY = timedelta(days=1)
WIDTH, HEIGHT, AXIS = 420, 24, 18
_TICK_HOURS = 6

_KINDS = {
    DeviceState.ON: ("●", "good"),
    DeviceState.ASLEEP: ("◐", "none"),
    DeviceState.OFF: ("○", "none"),
    DeviceState.CRASHED: ("!", "unknown"),
    DeviceState.UNKNOWN: ("?", "unknown"),
}
_LOOKS = {
    DeviceState.ON: (1.0, "#2e8b57"),
    DeviceState.ASLEEP: (0.5, "#6f7fb8"),
    DeviceState.OFF: (0.15, "#8a94a3"),
    DeviceState.CRASHED: (0.75, "#c0392b"),
    DeviceState.UNKNOWN: (0.3, "#d9a520"),
}
"""Height and colour: the states differ also in grey."""

NOT_BEATING = Mark("?", "unknown", Text("未知：尚无心跳", "unknown: no beats yet"))
RESTORE_CARD = Text(
    "装有还原卡：每次开机，磁盘都退回到同一处。",
    "It has a restore card: at each boot its disk goes back to the same point.",
)
ROLLED_BACK = Text(
    "磁盘曾退回到以前（还原卡或重装）。",
    "Its disk once went back to an earlier point (a restore card, or a re-installation).",
)


@dataclass(frozen=True, slots=True)
class Presence:
    """A device now, since when, and its last day drawn; `remark` is on what its disk does."""

    mark: Mark
    since: datetime | None
    strip: Markup
    remark: Text | None


def presences(
    showing: Showing,
    school: School,
    agents: Sequence[Agent],
    bands: Sequence[Band],
    reader: Reader,
) -> dict[str, Presence]:
    """By agent, of those that ever beat lately; blocks on the store."""
    if PRESENCE not in showing.catalog:
        return {}
    ids = [agent.id for agent in agents if not agent.revoked]
    since = reader.now - DAY
    found = timelines(showing.store, school.code, ids, since, reader.now, _said(showing, ids))
    return {
        agent: _presence(history, number, since, bands, school, reader)
        for number, (agent, history) in enumerate(found.items())
    }


def _said(showing: Showing, agents: Sequence[str]) -> dict[str, Said]:
    words = {agent: showing.last_word(agent) for agent in agents}
    return {
        agent: Said(min(word.at, showing.now()), str(word.state.get("stopping") or ""))
        for agent, word in words.items()
        if word
    }


def _presence(
    history: History,
    number: int,
    since: datetime,
    bands: Sequence[Band],
    school: School,
    reader: Reader,
) -> Presence:
    now, begun = history.now, history.state_since
    symbol, kind = _KINDS[now.state] if now else ("?", "unknown")
    remark = RESTORE_CARD if history.restore_card else ROLLED_BACK if history.rolled_back else None
    return Presence(
        mark=Mark(symbol, kind, now.cause.words) if now else NOT_BEATING,
        since=begun if begun and begun > since else None,
        strip=_strip(history, f"presence-{number}", since, bands, school, reader),
        remark=remark,
    )


def _strip(
    history: History,
    id: str,
    since: datetime,
    bands: Sequence[Band],
    school: School,
    reader: Reader,
) -> Markup:
    """One bar a state, its height telling which; lessons are shaded behind."""

    def x(at: datetime) -> float:
        return round(min(1.0, max(0.0, (at - since) / DAY)) * WIDTH, 1)

    shaded = [
        Markup(
            '<rect class="band" x="{}" y="0" width="{}" height="{}" fill="#7a8aa0" '
            'fill-opacity="0.22"/>'
        ).format(x(band.since), round(x(band.until) - x(band.since), 1), HEIGHT)
        for band in bands
        if x(band.until) > x(band.since)
    ]
    return Markup(
        '<svg class="strip" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="{}" font-size="12"><title id="{}">{}</title>{}</svg>'
    ).format(
        WIDTH,
        HEIGHT + AXIS,
        id,
        id,
        _told(history, reader),
        Markup("").join(
            [
                *shaded,
                *(
                    _bar(stretch, x(stretch.since), x(stretch.until), reader)
                    for stretch in history.stretches
                ),
                *_hours(since, school, reader),
            ]
        ),
    )


def _bar(stretch: Stretch, left: float, right: float, reader: Reader) -> Markup:
    share, colour = _LOOKS[stretch.state]
    height = round(share * HEIGHT, 1)
    return Markup(
        '<rect class="state {}" x="{}" y="{}" width="{}" height="{}" fill="{}">'
        "<title>{}</title></rect>"
    ).format(
        stretch.state.value,
        left,
        round(HEIGHT - height, 1),
        round(max(right - left, 0.8), 1),
        height,
        colour,
        _line(stretch, reader),
    )


def _hours(since: datetime, school: School, reader: Reader) -> list[Markup]:
    zone = ZoneInfo(school.time_zone)
    found = []
    for at in hour_ticks(since, reader.now, zone):
        local = at.astimezone(zone)
        share = (at - since) / DAY
        # A label at the very edge would be cut off.
        if local.hour % _TICK_HOURS == 0 and 0.03 < share < 0.97:
            found.append(
                Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    round(share * WIDTH, 1), HEIGHT + AXIS - 4, f"{local:%H:%M}"
                )
            )
    return found


def _told(history: History, reader: Reader) -> str:
    """The day in words, for a reader who does not see the picture."""
    return reader.either("；", "; ").join(_line(stretch, reader) for stretch in history.stretches)


def _line(stretch: Stretch, reader: Reader) -> str:
    since, until = (at.astimezone(reader.zone) for at in (stretch.since, stretch.until))
    return f"{since:%H:%M}–{until:%H:%M} {reader.words(stretch.cause.words)}"
