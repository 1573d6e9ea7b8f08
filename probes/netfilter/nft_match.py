"""Conditions of an nftables rule, from its JSON (libnftables-json(5)), as `rules.Condition`.

What nftables can say and this cannot evaluate becomes None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from probes.netfilter import stranger
from probes.netfilter.rules import Among, AnyOf, Condition, Field, Span

Json = Any
Conditions = tuple[Condition, ...]

UNKNOWN: Conditions = (None,)
_MAX_PORT = 65_535
_VERSIONS = {"ipv4": 4, "ipv6": 6, "ip": 4, "ip6": 6}
_NEGATIONS = frozenset({"!=", "!"})
_ORDERS = frozenset({"<", ">", "<=", ">="})


class Everything:
    """The key `*` of a map: whatever no other element matched."""


class Matcher:
    """`sets`: the named sets of the rule's table; one without known elements is left out."""

    def __init__(self, sets: Mapping[str, list[Json]]) -> None:
        self._sets = sets

    def match(self, left: Json, operator: str, right: Json) -> Conditions:
        """The conditions, all of which must hold, that `left operator right` stands for."""
        if operator in _ORDERS:
            right = _as_range(operator, right)
        handler = _HANDLERS.get(_kind(left))
        if handler is None or right is None:
            return UNKNOWN
        return handler(self, left[_kind(left)], operator, right)

    def equals(self, left: Json, key: Json) -> Conditions:
        """The conditions for `left` to be one element of a set or map."""
        return () if key is Everything else self.match(left, "==", key)

    def values(self, right: Json) -> list[Json] | None:
        """The alternatives in `right`, ranges as spans; None when they are not known."""
        if isinstance(right, str) and right.startswith("@"):
            named = self._sets.get(right[1:])
            return None if named is None else self.values(named)
        if isinstance(right, list):
            found = [self.values(item) for item in right]
            return None if None in found else [v for some in found for v in some or ()]
        if isinstance(right, dict):
            return self._compound(right)
        return [right]

    def _compound(self, right: dict[str, Json]) -> list[Json] | None:
        kind = _kind(right)
        inner = right[kind]
        if kind == "set":
            return self.values(inner)
        if kind == "elem":
            return self.values(inner["val"])
        if kind == "range":
            low, high = inner
            return [(low, high)]
        if kind == "prefix":
            return [f"{inner['addr']}/{inner['len']}"]
        if kind == "concat":
            return [right]
        return None

    def _among(self, field: Field, operator: str, right: Json, rename: Rename) -> Condition:
        values = self.values(right)
        if values is None:
            return None
        return Among(field, tuple(rename(v) for v in values), operator in _NEGATIONS)

    def _constant(self, operator: str, right: Json, true: Callable[[Json], bool]) -> Condition:
        """True or False for every stranger alike."""
        values = self.values(right)
        if values is None:
            return None
        return any(true(v) for v in values) != (operator in _NEGATIONS)

    def _meta(self, spec: Json, operator: str, right: Json) -> Conditions:
        key = spec["key"]
        if key in ("iif", "iifname"):
            return (self._among("interface", operator, right, str),)
        if key == "l4proto":
            return (self._among("protocol", operator, right, _protocol),)
        if key in ("nfproto", "protocol"):
            return (self._among("version", operator, right, _version),)
        if key == "pkttype":
            return (self._constant(operator, right, lambda v: v in stranger.PACKET_TYPES),)
        return UNKNOWN

    def _payload(self, spec: Json, operator: str, right: Json) -> Conditions:
        protocol, field = spec.get("protocol"), spec.get("field")
        if protocol in ("tcp", "udp", "th"):
            own: Conditions = () if protocol == "th" else (Among("protocol", (protocol,)),)
            return (*own, self._transport(field, operator, right))
        if protocol in ("ip", "ip6"):
            return (
                Among("version", (_VERSIONS[protocol],)),
                self._network(field, operator, right),
            )
        if protocol == "ether":
            return (self._ether(field, operator, right),)
        # A raw offset or a VLAN tag cannot be told; any other header is not in a stranger's packet.
        return UNKNOWN if protocol in (None, "vlan") else (False,)

    def _transport(self, field: str, operator: str, right: Json) -> Condition:
        if field == "sport":
            return self._constant(operator, right, _holds_source_port)
        if field == "flags":
            return _plain_flags(operator, right)
        if field != "dport":
            return None
        spans = [_span_or_none(v) for v in self.values(right) or (None,)]
        if None in spans:
            return None
        return Among("port", tuple(s for s in spans if s), operator in _NEGATIONS)

    def _network(self, field: str, operator: str, right: Json) -> Condition:
        if field in ("protocol", "nexthdr"):
            return self._among("protocol", operator, right, _protocol)
        negated = operator in _NEGATIONS
        if field == "saddr":  # also with a set of unknown content: nobody lists strangers
            return stranger.comes_from(_networks(self.values(right)), negated)
        if field == "daddr":
            values = self.values(right)
            return None if values is None else stranger.goes_to(_networks(values), negated)
        return None

    def _ether(self, field: str, operator: str, right: Json) -> Condition:
        if field == "saddr":
            return operator in _NEGATIONS
        if field == "type":
            return self._among("version", operator, right, _version)
        return None

    def _connection(self, spec: Json, operator: str, right: Json) -> Conditions:
        key = spec["key"]
        if key == "state":
            return (self._constant(operator, right, lambda v: v == stranger.STATE),)
        if key == "status":  # translated, assured, expected: not yet, for a new connection
            return (operator in _NEGATIONS,)
        if key == "direction":
            return (self._constant(operator, right, lambda v: v in ("original", 0)),)
        return UNKNOWN

    def _route(self, spec: Json, operator: str, right: Json) -> Conditions:
        negated = operator in _NEGATIONS
        if isinstance(right, bool):  # there is a way back to a stranger, or there is none
            return (right != negated,)
        if spec.get("result") == "type":
            usual = "local" if "daddr" in spec.get("flags", ()) else "unicast"
            return (self._constant(operator, right, lambda v: v == usual),)
        return UNKNOWN

    def _extension(self, _: Json, __: str, right: Json) -> Conditions:
        return (right is False,)  # an ordinary packet has none; False means "missing"

    def _masked(self, spec: Json, operator: str, right: Json) -> Conditions:
        left, mask = spec
        if left != {"payload": {"protocol": "tcp", "field": "flags"}}:
            return UNKNOWN
        wanted = right["set"] if isinstance(right, dict) and "set" in right else [right]
        truth = any(stranger.flags_match(_flags(mask), _flags(w)) for w in wanted)
        return (Among("protocol", ("tcp",)), truth != (operator in _NEGATIONS))

    def _concatenation(self, spec: Json, operator: str, right: Json) -> Conditions:
        values = self.values(right)
        if values is None:
            return UNKNOWN
        lists = tuple(self._all_parts(spec, value["concat"]) for value in values)
        return (AnyOf(lists, operator in _NEGATIONS),)

    def _all_parts(self, parts: Iterable[Json], values: Iterable[Json]) -> Conditions:
        pairs = zip(parts, values, strict=True)
        return tuple(c for part, value in pairs for c in self.match(part, "==", value))


Rename = Callable[[Any], str | int]
_HANDLERS: Mapping[str, Callable[[Matcher, Json, str, Json], Conditions]] = {
    "meta": Matcher._meta,
    "payload": Matcher._payload,
    "ct": Matcher._connection,
    "fib": Matcher._route,
    "exthdr": Matcher._extension,
    "&": Matcher._masked,
    "concat": Matcher._concatenation,
}


def _kind(value: Json) -> str:
    """The one key that says what a JSON object is; empty for anything else."""
    return str(next(iter(value), "")) if isinstance(value, dict) else ""


def _as_range(operator: str, right: Json) -> Json:
    """None when the bound is not a number."""
    if not isinstance(right, int):
        return None
    bounds = {
        "<": [0, right - 1],
        "<=": [0, right],
        ">": [right + 1, _MAX_PORT],
        ">=": [right, _MAX_PORT],
    }
    return {"range": bounds[operator]}


def _protocol(value: Json) -> str:
    return stranger.PROTOCOL_NUMBERS.get(str(value), str(value))


def _version(value: Json) -> int:
    """0, which no packet has, for what is neither IPv4 nor IPv6."""
    return _VERSIONS.get(value, 0) if isinstance(value, str) else 0


def _span_or_none(value: Json) -> Span | None:
    low, high = value if isinstance(value, tuple) else (value, value)
    return (low, high) if isinstance(low, int) and isinstance(high, int) else None


def _holds_source_port(value: Json) -> bool:
    span = _span_or_none(value)
    return span is not None and span[0] <= stranger.SOURCE_PORT <= span[1]


def _networks(values: list[Json] | None) -> list[str]:
    return [v if isinstance(v, str) else "" for v in values or ()]


def _plain_flags(operator: str, right: Json) -> Condition:
    """`in` and `!` ask for any of some flags; `==` and `!=` for exactly these, or one of a set."""
    if operator in ("in", "!"):
        return bool(stranger.FLAGS & _flags(right)) != (operator == "!")
    wanted = right["set"] if isinstance(right, dict) and "set" in right else [right]
    return any(_flags(w) == stranger.FLAGS for w in wanted) != (operator == "!=")


def _flags(value: Json) -> set[str]:
    """The names of flags in a word, a list or an `|` of them; none for the number 0."""
    if isinstance(value, dict):
        return _flags(value.get("|", []))
    if isinstance(value, list):
        return {flag for item in value for flag in _flags(item)}
    return {value} if isinstance(value, str) else set()
