"""Asks many devices at the same time, each within its time. Only the other process loads this."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from probes.model import ProbeError
from probes.net import resolve
from probes.snmp.answer import Answer, Table, Wanted, answer_as_json
from probes.snmp.community import CommunitySpeaker
from probes.snmp.device import Device
from probes.snmp.exchange import Exchange, SilentError, Speaker
from probes.snmp.pdu import DENIED, TOO_BIG, Absent, protocol
from probes.snmp.reasons import BAD_ANSWER, NO_ACCESS, TOO_SLOW
from probes.snmp.values import Oid, Value, oid
from probes.snmp.walk import VALUES_AT_ONCE, Walk

DEADLINE, FAULT = "deadline", "fault"
"""Common reasons: not done when the run ended, or not begun; and a mistake of ours."""


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """What `SnmpProbe` asks: every device by its name, with an answer as JSON.

    Raises ModuleNotFoundError without pysnmp.
    """
    protocol()
    return asyncio.run(_answer(question))


async def _answer(question: Mapping[str, Any]) -> dict[str, Any]:
    wanted = Wanted(**question["wanted"])
    free = asyncio.Semaphore(question["at_once"])
    asked = [
        _Asked(Device(**row), wanted, question["timeout"], question["tries"])
        for row in question["devices"]
    ]
    tasks = [asyncio.create_task(a.run(free, question["device_seconds"])) for a in asked]
    await asyncio.wait(tasks, timeout=question["run_seconds"])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {a.device.name: answer_as_json(a.answer()) for a in asked}


@dataclass(slots=True)
class _Asked:
    """One device, and what it has answered so far."""

    device: Device
    wanted: Wanted
    timeout: float
    tries: int
    reason: str = DEADLINE
    scalars: dict[str, Value] = field(default_factory=dict)
    at: float = 0.0
    walks: dict[str, Walk] = field(default_factory=dict)
    exchange: Exchange | None = None

    async def run(self, free: asyncio.Semaphore, seconds: float) -> None:
        """Whatever happens to one device, the others are asked."""
        async with free:
            try:
                async with asyncio.timeout(seconds):
                    await self._ask()
                self.reason = ""
            except TimeoutError:
                self.reason = TOO_SLOW
            except (SilentError, ProbeError) as exc:
                self.reason = exc.reason
            except Exception:
                self.reason = FAULT
                traceback.print_exc()

    async def _ask(self) -> None:
        address = await resolve(self.device.host, self.device.port)
        with Exchange(address, speaker_of(self.device), self.timeout, self.tries) as exchange:
            self.exchange = exchange
            await self._get({name: oid(text) for name, text in self.wanted.scalars.items()})
            for walk in self._walks():
                while not walk.over:
                    response = await exchange.get_bulk(*walk.request())
                    walk.take(response, monotonic())

    def _walks(self) -> Iterator[Walk]:
        for name, columns in self.wanted.tables.items():
            prefixes = {column: oid(text) for column, text in columns.items()}
            self.walks[name] = Walk(prefixes, self.wanted.most_rows)
            yield self.walks[name]

    async def _get(self, left: dict[str, Oid]) -> None:
        """The scalars; one at which the device balks is left out, as it counts as absent."""
        assert self.exchange is not None
        at_once = VALUES_AT_ONCE
        while left:
            names = list(left)[:at_once]
            response = await self.exchange.get([left[name] for name in names])
            self.at = monotonic()
            if response.error == TOO_BIG and at_once > 1:
                at_once //= 2
                continue
            if response.error in DENIED:
                raise SilentError(NO_ACCESS)
            if response.error:
                if not 1 <= response.index <= len(names):
                    raise SilentError(BAD_ANSWER)
                del left[names[response.index - 1]]
                continue
            by_oid = dict(response.found)
            for name in names:
                value = by_oid.get(left.pop(name), Absent())
                if not isinstance(value, Absent):
                    self.scalars[name] = value

    def answer(self) -> Answer:
        """When it fell silent on the way, what it told before stays; a table that was not walked to
        its end says why."""
        told = bool(self.scalars) or any(walk.table().rows for walk in self.walks.values())
        if self.reason and not told:
            return Answer(reason=self.reason)
        speaker = self.exchange.speaker if self.exchange else None
        return Answer(
            scalars=self.scalars,
            at=self.at,
            tables={name: self._table(name) for name in self.wanted.tables},
            seconds=self.exchange.seconds if self.exchange else None,
            boots=speaker.boots if speaker else None,
            engine_time=speaker.engine_time if speaker else None,
        )

    def _table(self, name: str) -> Table:
        walk = self.walks.get(name)
        if walk is None:
            return Table(end=self.reason)
        if not walk.over:
            walk.stop(self.reason)
        return walk.table()


def speaker_of(device: Device) -> Speaker:
    if device.version == "2c":
        return CommunitySpeaker(device.community)
    from probes.snmp.user import UserSpeaker

    return UserSpeaker(device)
