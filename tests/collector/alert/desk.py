"""A register with schools and gateways, flips as a test wants them, and alerting over it all.

Nothing is sent: messages end in a list, unless the test has the other side refuse them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.alert.alerting import Alerting
from collector.alert.channel import Channel
from collector.alert.message import Message
from collector.alert.scene import AlertPolicy, read_alert_policy
from collector.alert.send import DELIVERED, NO_ANSWER
from collector.judge.standing import CONTACT, SITE_SILENT
from collector.register.incident import Incident
from collector.register.model import Change, Flip, Held, School, State, Watched
from collector.register.register import Register
from config.route_file import Route
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.model import Role
from probes.text import Language
from probes.wire import VERSION, EnrolRequest

UP, DEGRADED, DOWN, UNKNOWN = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN
START = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""A Monday, 08:30 in Shanghai."""
MINUTE = timedelta(minutes=1)
A, B = "9934000001", "9934000002"
LOSS, DISK = "gateway_path_loss", "disk_free"
THRESHOLDS = load_thresholds(discover()).rows
POLICY = read_alert_policy(THRESHOLDS)
MAIL = Channel("mail", "mailto", "mailto://secret-of-mail")
ROBOT = Channel("robot", "wecombot", "wecombot://secret-of-robot")
EVERYTHING = Route("all", ("mail",), Language.ZH)


def put_school(register: Register, code: str, *roles: Role, heard: bool = True) -> list[str]:
    """A school, and an agent of each role; returns their ids."""
    facts = School(code=code, name=f"示范学校{code[-2:]}", adcode="340199")
    register.put_schools([facts], actor="test")
    ids = []
    for number, role in enumerate(roles):
        token = register.create_token(code, role, actor="test")
        request = EnrolRequest(
            v=VERSION,
            token=f"{token.id}.{token.secret}",
            nonce=f"n-{number:08}",
            hostname=f"gw-{number}",
        )
        ids.append(register.enrol(request, "127.0.0.1").agent)
    register.confirm(ids if heard else [])
    return ids


@dataclass
class Post:
    """The other side: takes messages, unless `fault` says why not."""

    taken: list[tuple[str, Message]] = field(default_factory=list)
    fault: str = DELIVERED
    tries: int = 0

    def send(self, channel: Channel, message: Message) -> str:
        self.tries += 1
        if self.fault == DELIVERED:
            self.taken.append((channel.id, message))
        return self.fault

    def down(self) -> None:
        self.fault = NO_ANSWER

    def back(self) -> None:
        self.fault = DELIVERED

    @property
    def subjects(self) -> list[str]:
        return [message.subject.partition(" (")[0] for _, message in self.taken]


class Desk:
    """Time goes on only when the test says so."""

    def __init__(self, folder: Path, *routes: Route, schools: int = 2) -> None:
        self.now = START
        self._path = folder / "register.sqlite3"
        self.register = Register.open(self._path, lambda: self.now)
        self.codes = [f"99340000{n:02}" for n in range(1, schools + 1)]
        self.gateways = {
            code: put_school(self.register, code, Role.GATEWAY)[0] for code in self.codes
        }
        self.post = Post()
        self.policy: AlertPolicy = replace(POLICY, routes=routes or (EVERYTHING,))
        self.channels: Mapping[str, Channel] = {"mail": MAIL, "robot": ROBOT}
        self.held: dict[Watched, Held] = {}
        for code in self.codes:
            self._hold(contact(code), UP)
        self.start()

    def fork(self, folder: Path) -> Desk:
        """The same desk over a copy of the register."""
        path = folder / "register.sqlite3"
        with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(self._path)) as own:
            own.backup(copy)
        other = object.__new__(Desk)
        other.__dict__ |= {**self.__dict__, "held": dict(self.held), "_path": path}
        other.post = Post(list(self.post.taken))
        other.register = Register.open(path, lambda: other.now)
        other.start()
        return other

    def start(self) -> None:
        """A new process over the same register."""
        self.alerting = Alerting(
            self.register,
            self.policy,
            self.channels,
            self._send,
            public_url="https://collector.example:8421",
            clock=lambda: self.now,
            retention=timedelta(days=190),
            jitter=lambda: 0.0,
        )

    def _send(self, channel: Channel, message: Message) -> str:
        return self.post.send(channel, message)

    def _hold(self, watched: Watched, state: State) -> None:
        held = Held(state, UP, self.now, self.now)
        self.register.take_states([Change(watched, None, held, None)])
        self.held[watched] = held

    def flip(self, watched: Watched, after: State, value: float | None = None) -> None:
        """As the judge stores it."""
        if watched not in self.held:
            self._hold(watched, UP)
        before = self.held[watched]
        self.held[watched] = held = Held(after, UP, self.now, self.now)
        silent = watched.threshold == CONTACT.id and after is UNKNOWN
        flip = Flip(
            watched=watched, revision="r1", before=before.state, after=after,
            since=self.now - 5 * MINUTE, at=self.now, value=value,
            unit="bytes" if watched.threshold == DISK else "ratio",
            bound=None if value is None else 0.1, n=5, reason=SITE_SILENT if silent else "",
        )  # fmt: skip
        assert self.register.take_states([Change(watched, before, held, flip)])

    def cut(self, code: str = A) -> None:
        self.flip(contact(code), UNKNOWN)

    def mend(self, code: str = A) -> None:
        self.flip(contact(code), UP)

    def minutes(self, number: float) -> None:
        """Alerting works each half minute."""
        for _ in range(int(number * 2)):
            self.now += MINUTE / 2
            self.alerting.work()

    def incidents(self, *, only_open: bool = False) -> list[Incident]:
        return list(reversed(self.register.incidents(only_open=only_open)))

    def watched(self, threshold: str, code: str = A, agent: str = "") -> Watched:
        target = "collector" if threshold == LOSS else "local"
        return Watched(code, agent or self.gateways[code], target, threshold)


def contact(code: str) -> Watched:
    return Watched(code, "", "", CONTACT.id)
