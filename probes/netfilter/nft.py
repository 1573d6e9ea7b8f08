"""`nft -j list ruleset` as tables of rules. Families that see no IP host traffic are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from probes.model import ProbeError
from probes.netfilter import stranger
from probes.netfilter.nft_match import Conditions, Everything, Json, Matcher
from probes.netfilter.rules import Action, Among, Chain, Rule, Table

FAMILIES = ("ip", "ip6", "inet", "netdev")

_VERDICTS = {
    "accept": Action.ACCEPT,
    "drop": Action.DROP,
    "reject": Action.DROP,
    "return": Action.RETURN,
    "jump": Action.JUMP,
    "goto": Action.GOTO,
    "continue": Action.NOTHING,
    "queue": Action.UNSURE,
    "synproxy": Action.UNSURE,
    "fwd": Action.UNSURE,
    **dict.fromkeys(("snat", "dnat", "masquerade", "redirect"), Action.ACCEPT),
}
_WITHOUT_EFFECT = frozenset(
    {"counter", "log", "mangle", "notrack", "last", "secmark", "tproxy", "dup", "flow", "comment"}
    | {"ct helper", "ct timeout", "ct expectation"}
)
_MEASURES = frozenset({"limit", "quota", "ct count"})
_PER_ADDRESS = frozenset({"set", "map", "meter"})


def parse_nft(text: str) -> tuple[Table, ...]:
    """Every table that an IP packet can meet; dormant ones have no hooks.

    Raises ProbeError("unreadable") if `text` is not a listing.
    """
    try:
        return tuple(_tables(json.loads(text)["nftables"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ProbeError("unreadable", f"nft -j: {exc!r:.120}") from exc


@dataclass(slots=True)
class _Listing:
    """The objects of one table, as they come."""

    dormant: bool = False
    chains: dict[str, dict[str, Json]] = field(default_factory=dict)
    rules: dict[str, list[list[Json]]] = field(default_factory=dict)
    sets: dict[str, list[Json]] = field(default_factory=dict)


def _tables(objects: list[dict[str, Json]]) -> Iterator[Table]:
    listings: dict[tuple[Any, str], _Listing] = {}
    for wrapped in objects:
        for kind, thing in wrapped.items():
            if kind == "table" and thing["family"] in FAMILIES:
                dormant = _is_dormant(thing.get("flags", ()))
                listings[thing["family"], thing["name"]] = _Listing(dormant)
            elif (listing := listings.get(_owner(thing))) is not None:
                _file(listing, kind, thing)
    for (family, name), listing in listings.items():
        yield Table(family, name, dict(_chains(listing)))


def _owner(thing: dict[str, Json]) -> tuple[Any, str]:
    return str(thing.get("family")), str(thing.get("table"))


def _file(listing: _Listing, kind: str, thing: dict[str, Json]) -> None:
    if kind == "chain":
        listing.chains[thing["name"]] = thing
    elif kind == "rule":
        listing.rules.setdefault(thing["chain"], []).append(thing["expr"])
    # Elements of a dynamic set come and go: its content now is not its content at the next packet.
    elif kind in ("set", "map") and "elem" in thing and "dynamic" not in thing.get("flags", ()):
        listing.sets[thing["name"]] = thing["elem"]


def _is_dormant(flags: str | list[str]) -> bool:
    """nft 1.0.6 prints the first letter only."""
    return any(flag in ("dormant", "d") for flag in ([flags] if isinstance(flags, str) else flags))


def _chains(listing: _Listing) -> Iterator[tuple[str, Chain]]:
    matcher = Matcher(listing.sets)
    for name, thing in listing.chains.items():
        written = listing.rules.get(name, [])
        rules = tuple(rule for expr in written for rule in _rules(expr, matcher, listing.sets))
        chain = Chain(rules, written=len(written))
        yield name, chain if listing.dormant else _with_hook(chain, thing)


def _with_hook(chain: Chain, thing: dict[str, Json]) -> Chain:
    hook = thing.get("hook", "")
    if thing.get("type") == "nat":  # sees the first packet only, and translates
        return chain
    policy = Action.DROP if thing.get("policy") == "drop" else Action.ACCEPT
    devices = thing.get("dev", [])
    devices = [devices] if isinstance(devices, str) else devices
    if devices:
        elsewhere = Rule((Among("interface", tuple(devices), negated=True),), Action.ACCEPT)
        chain = replace(chain, rules=(elsewhere, *chain.rules))
    return replace(chain, hook=hook, policy=policy, everywhere=hook != "ingress" or bool(devices))


def _rules(expr: list[Json], matcher: Matcher, maps: Mapping[str, list[Json]]) -> Iterator[Rule]:
    """One rule for each verdict, in order; statements before a verdict are its conditions."""
    conditions: Conditions = ()
    for statement in expr:
        ((kind, body),) = statement.items()
        if kind in _VERDICTS:
            yield _rule(conditions, kind, body)
            return
        if kind == "vmap":
            yield from _verdict_map(conditions, body, matcher, maps)
        elif kind == "xt":
            action, more = _from_iptables(body or {})
            conditions += more
            if action is not None:
                yield Rule(conditions, action)
        elif kind not in _WITHOUT_EFFECT:
            conditions += _condition(kind, body, matcher)


def _rule(conditions: Conditions, kind: str, body: Json) -> Rule:
    action = _VERDICTS[kind]
    leads = action in (Action.JUMP, Action.GOTO)
    return Rule(conditions, action, body["target"] if leads else "")


def _condition(kind: str, body: Json, matcher: Matcher) -> Conditions:
    if kind == "match":
        return matcher.match(body["left"], body["op"], body["right"])
    if kind in _MEASURES and isinstance(body, dict):
        return (not body.get("inv", False),)  # a stranger's first packet is within every measure
    if kind in _PER_ADDRESS:
        inner = body.get("stmt", [])
        statements = [inner] if isinstance(inner, dict) else inner
        return tuple(c for s in statements for k, b in s.items() for c in _condition(k, b, matcher))
    return (None,) if kind not in _WITHOUT_EFFECT else ()


def _verdict_map(
    conditions: Conditions, body: Json, matcher: Matcher, maps: Mapping[str, list[Json]]
) -> Iterator[Rule]:
    data = body["data"]
    pairs = maps.get(data[1:]) if isinstance(data, str) else data["set"]
    if pairs is None:
        yield Rule(conditions, Action.UNSURE)
        return
    for key, verdict in sorted(pairs, key=lambda pair: pair[0] == "*"):
        ((kind, target),) = verdict.items()
        keys = matcher.equals(body["key"], Everything if key == "*" else key)
        yield _rule(conditions + keys, kind, target)


def _from_iptables(body: dict[str, Json]) -> tuple[Action | None, Conditions]:
    """A match or target of iptables inside nftables: its name is shown, its arguments are not."""
    kind, name = body.get("type"), body.get("name", "")
    if kind == "match":
        return None, () if name == "comment" else (None,)
    if name in stranger.DROPPING_TARGETS:
        return Action.DROP, ()
    return (None, ()) if name in stranger.PASSING_TARGETS else (Action.UNSURE, ())
