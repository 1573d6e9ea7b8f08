"""A packet filter as values, and the fate of one packet in it.

Conditions are three-valued: None is "cannot be told". What cannot be told is followed both ways, so
that a fate is either certain or said to be unclear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from probes.model import ProbeError

Family = Literal["ip", "ip6", "inet", "netdev"]
Field = Literal["version", "protocol", "interface", "port"]
Span = tuple[int, int]

MAX_DEPTH = 32
"""The kernel follows 16 jumps; a deeper file does not come from a kernel."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A stranger's attempt to open a new connection: his address is in no rule and no set."""

    version: int
    protocol: str
    interface: str
    port: int


@dataclass(frozen=True, slots=True)
class Among:
    """A packet's field is one of `values`; ports are inclusive spans, `eth*` any name like it."""

    field: Field
    values: tuple[str | int | Span, ...]
    negated: bool = False

    def holds(self, packet: Packet) -> bool:
        actual = getattr(packet, self.field)
        return any(_equals(actual, value) for value in self.values) != self.negated


def _equals(actual: str | int, value: str | int | Span) -> bool:
    if isinstance(value, tuple):
        return isinstance(actual, int) and value[0] <= actual <= value[1]
    if isinstance(value, str) and value.endswith("*"):
        return isinstance(actual, str) and actual.startswith(value[:-1])
    return actual == value


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of some lists of conditions holds altogether; a set of concatenations."""

    lists: tuple[tuple[Condition, ...], ...]
    negated: bool = False


Condition = bool | None | Among | AnyOf


def holds(condition: Condition, packet: Packet) -> bool | None:
    if isinstance(condition, Among):
        return condition.holds(packet)
    if isinstance(condition, AnyOf):
        found = [all_hold(conditions, packet) for conditions in condition.lists]
        truth = True if True in found else None if None in found else False
        return truth if truth is None else truth != condition.negated
    return condition


def all_hold(conditions: tuple[Condition, ...], packet: Packet) -> bool | None:
    truth: bool | None = True
    for condition in conditions:
        one = holds(condition, packet)
        if one is False:
            return False
        if one is None:
            truth = None
    return truth


class Action(Enum):
    """What a rule does with a packet that meets its conditions."""

    ACCEPT = "accept"
    DROP = "drop"
    UNSURE = "unsure"  # handed to a program, or to a target that we do not know
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    NOTHING = "nothing"  # counts, logs, marks


@dataclass(frozen=True, slots=True)
class Rule:
    """`chain` is where JUMP and GOTO lead."""

    conditions: tuple[Condition, ...]
    action: Action
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain with a `hook` is entered by the kernel, and ends in its policy.

    Attributes:
        written: how many rules a person would count; one with a verdict map stands for many here.
        everywhere: False for a chain of some devices that the listing does not name.
    """

    rules: tuple[Rule, ...] = ()
    hook: str = ""
    policy: Action = Action.ACCEPT
    written: int = 0
    everywhere: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    family: Family
    name: str
    chains: Mapping[str, Chain] = field(default_factory=dict)

    def covers(self, version: int) -> bool:
        return self.family in ("inet", "netdev", "ip" if version == 4 else "ip6")


class Fate(Enum):
    ACCEPTED = "accepted"
    DROPPED = "dropped"
    UNCLEAR = "unclear"


def fate(tables: tuple[Table, ...], packet: Packet, hooks: frozenset[str]) -> Fate:
    """What becomes of `packet` on its way through the chains of `hooks`; one drop is enough.

    Raises ProbeError("unreadable") for a chain that leads nowhere or in a circle.
    """
    worst = Fate.ACCEPTED
    for table in tables:
        if not table.covers(packet.version):
            continue
        walk = _Walk(table, packet)
        for chain in table.chains.values():
            if chain.hook not in hooks:
                continue
            ends = walk.from_hook(chain)
            if ends == {Action.DROP} and chain.everywhere:
                return Fate.DROPPED
            if Action.DROP in ends:
                worst = Fate.UNCLEAR
    return worst


class _Walk:
    """One packet in one table. The end RETURN means: fell out of the chain."""

    def __init__(self, table: Table, packet: Packet) -> None:
        self._table = table
        self._packet = packet
        self._ends: dict[str, frozenset[Action]] = {}

    def from_hook(self, chain: Chain) -> set[Action]:
        ends = set(self._through(chain, 0))
        if Action.RETURN in ends:
            ends.remove(Action.RETURN)
            ends.add(chain.policy)
        return ends

    def _into(self, name: str, depth: int) -> frozenset[Action]:
        if name not in self._ends:
            if depth > MAX_DEPTH or name not in self._table.chains:
                raise ProbeError("unreadable", f"{self._table.name}: {name!r}")
            self._ends[name] = frozenset(self._through(self._table.chains[name], depth))
        return self._ends[name]

    def _through(self, chain: Chain, depth: int) -> set[Action]:
        """The ways in which the packet can leave the chain: ACCEPT, DROP, RETURN."""
        ends: set[Action] = set()
        for rule in chain.rules:
            truth = all_hold(rule.conditions, self._packet)
            if truth is False or rule.action is Action.NOTHING:
                continue
            leaves = self._after(rule, depth)
            goes_on = rule.action in (Action.JUMP, Action.UNSURE) and Action.RETURN in leaves
            ends |= leaves - {Action.RETURN} if goes_on else leaves
            if truth is True and not goes_on:
                return ends
        return ends | {Action.RETURN}

    def _after(self, rule: Rule, depth: int) -> frozenset[Action]:
        if rule.action in (Action.JUMP, Action.GOTO):
            return self._into(rule.chain, depth + 1)
        if rule.action is Action.UNSURE:
            return frozenset({Action.ACCEPT, Action.DROP, Action.RETURN})
        return frozenset({rule.action})


def reachable(table: Table, hooks: frozenset[str]) -> Iterator[Chain]:
    """The chains of `hooks` and all that they lead to, each once."""
    waiting = [name for name, chain in table.chains.items() if chain.hook in hooks]
    seen = set(waiting)
    while waiting:
        chain = table.chains[waiting.pop()]
        yield chain
        for rule in chain.rules:
            if rule.chain in table.chains and rule.chain not in seen:
                seen.add(rule.chain)
                waiting.append(rule.chain)
