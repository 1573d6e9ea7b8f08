"""`iptables-save` and `ip6tables-save` as tables of rules, and the conditions in them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from probes.model import ProbeError
from probes.netfilter import stranger
from probes.netfilter.rules import Action, Among, Chain, Condition, Rule, Span, Table

_HOOKS = {"INPUT": "input", "PREROUTING": "prerouting", "FORWARD": "forward"}
_ACTIONS = {"ACCEPT": Action.ACCEPT, "RETURN": Action.RETURN}


@dataclass(frozen=True, slots=True)
class Saved:
    """`by_nft`: the tables are nftables', and an nft listing shows them as well."""

    tables: tuple[Table, ...]
    by_nft: bool


def parse_save(text: str, family: Literal["ip", "ip6"]) -> Saved:
    """The tables that `iptables-save` (ip) or `ip6tables-save` (ip6) printed.

    Raises ProbeError("unreadable") for a line that does not belong there.
    """
    tables: dict[str, dict[str, _Open]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
            tables[table] = {}
        elif line.startswith((":", "-A ", "[")):
            if table not in tables:
                raise ProbeError("unreadable", f"iptables: {line[:80]!r}")
            _add(tables[table], table, line)
        elif line.strip() and not line.startswith(("#", "COMMIT")):
            raise ProbeError("unreadable", f"iptables: {line[:80]!r}")
    by_nft = "(nf_tables)" in text.partition("\n")[0]
    return Saved(
        tuple(
            Table(family, name, {chain: opened.closed() for chain, opened in chains.items()})
            for name, chains in tables.items()
        ),
        by_nft,
    )


@dataclass(slots=True)
class _Open:
    """A chain to which rules are still being added."""

    hook: str
    policy: Action
    rules: list[Rule] = field(default_factory=list)

    def closed(self) -> Chain:
        return Chain(tuple(self.rules), self.hook, self.policy, written=len(self.rules))


def _add(chains: dict[str, _Open], table: str, line: str) -> None:
    try:
        words = shlex.split(line)
        if line.startswith(":"):
            name, policy = words[0][1:], words[1]
            hook = "" if table == "nat" or policy == "-" else _HOOKS.get(name, "")
            drop = policy in stranger.DROPPING_TARGETS
            chains[name] = _Open(hook, Action.DROP if drop else Action.ACCEPT)
            return
        if words[0].startswith("["):  # counters, from iptables-save -c
            words = words[1:]
        chains[words[1]].rules.append(_rule(words[2:], chains))
    except (ValueError, IndexError, KeyError) as exc:
        raise ProbeError("unreadable", f"iptables: {line[:80]!r}") from exc


def _rule(words: list[str], chains: Mapping[str, object]) -> Rule:
    conditions: list[Condition] = []
    for option in _options(words):
        if option.name in ("-j", "-g", "--jump", "--goto"):
            # What follows are options of the target.
            return _leading(tuple(conditions), option, chains)
        conditions.append(_condition(option))
    return Rule(tuple(conditions), Action.NOTHING)


def _leading(
    conditions: tuple[Condition, ...], option: _Option, chains: Mapping[str, object]
) -> Rule:
    target = option.values[0]
    if target in chains:  # iptables-save declares all chains before the first rule
        return Rule(conditions, Action.GOTO if "g" in option.name[:3] else Action.JUMP, target)
    if target in stranger.DROPPING_TARGETS:
        return Rule(conditions, Action.DROP)
    if target in stranger.PASSING_TARGETS:
        return Rule(conditions, Action.NOTHING)
    return Rule(conditions, _ACTIONS.get(target, Action.UNSURE))


@dataclass(frozen=True, slots=True)
class _Option:
    """`-m conntrack` or `! --ctstate NEW`: a name, the words after it, a `!` before it."""

    name: str
    values: tuple[str, ...]
    negated: bool

    @property
    def items(self) -> list[str]:
        """The first word as a comma-separated list; an IndexError if there is none."""
        return self.values[0].split(",")


def _options(words: list[str]) -> Iterator[_Option]:
    starts = [i for i, word in enumerate(words) if len(word) > 1 and word.startswith("-")]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        values = [word for word in words[start + 1 : end] if word != "!"]
        yield _Option(words[start], tuple(values), start > 0 and words[start - 1] == "!")


def _condition(option: _Option) -> Condition:
    """None for what cannot be evaluated; a condition on an unknown matter is never a guess."""
    if option.name in _ALWAYS:
        return not option.negated
    if option.name in _NEVER:
        return option.negated
    reader = _READERS.get(option.name)
    return reader(option) if reader else None


_ALWAYS = frozenset(
    {
        *("--comment", "--syn", "--limit", "--limit-burst", "--set", "--rttl"),
        *("--hashlimit", "--hashlimit-upto", "--connlimit-upto", "--limit-iface-in"),
        *("--seconds", "--hitcount", "--reap", "--name", "--mask", "--rsource", "--rdest"),
        *("--hashlimit-burst", "--hashlimit-mode", "--hashlimit-name", "--hashlimit-srcmask"),
        *("--hashlimit-dstmask", "--hashlimit-htable-expire", "--hashlimit-htable-size"),
        *("--hashlimit-htable-max", "--hashlimit-htable-gcinterval"),
        *("--connlimit-mask", "--connlimit-saddr", "--connlimit-daddr"),
        *("--loose", "--validmark", "--accept-local"),
    }
)
"""True of a stranger's first packet: it is within every measure, and has a way back."""

_NEVER = frozenset(
    {
        *("-f", "--fragment", "--icmp-type", "--icmpv6-type", "--mac-source", "--src-range"),
        *("--rcheck", "--update", "--remove", "--hashlimit-above", "--connlimit-above"),
        *("--helper", "--ctstatus", "--invert"),
    }
)
"""Not true of it: broken packets, listed addresses, used-up measures, connections known before."""

_MODULES = frozenset(
    {
        *("tcp", "udp", "icmp", "icmp6", "ipv6-icmp", "multiport", "comment", "limit", "hashlimit"),
        *("conntrack", "state", "addrtype", "recent", "connlimit", "mac", "pkttype", "iprange"),
        *("rpfilter", "set", "helper"),
    }
)
"""Match modules that ask nothing by themselves, only through options that are known here."""


def _read_module(option: _Option) -> Condition:
    return True if option.values[0] in _MODULES else None


def _read_interface(option: _Option) -> Condition:
    name = option.values[0]
    pattern = name[:-1] + "*" if name.endswith("+") else name
    return Among("interface", (pattern,), option.negated)


def _read_protocol(option: _Option) -> Condition:
    name = option.values[0]
    if name in ("all", "0"):
        return not option.negated
    return Among("protocol", (stranger.PROTOCOL_NUMBERS.get(name, name),), option.negated)


def _read_ports(option: _Option) -> Condition:
    return Among("port", tuple(_span(item) for item in option.items), option.negated)


def _read_source_ports(option: _Option) -> Condition:
    spans = [_span(item) for item in option.items]
    return any(low <= stranger.SOURCE_PORT <= high for low, high in spans) != option.negated


def _span(text: str) -> Span:
    """`80`, `80:90`, `:90` or `80:`; a ValueError for a name."""
    low, colon, high = text.partition(":")
    return int(low or 0), int((high or 65_535) if colon else low)


def _read_flags(option: _Option) -> Condition:
    mask, wanted = (_flag_names(word) for word in option.values[:2])
    return stranger.flags_match(mask, wanted) != option.negated


def _flag_names(word: str) -> set[str]:
    if word == "ALL":
        return {"fin", "syn", "rst", "psh", "ack", "urg"}
    return set() if word == "NONE" else set(word.lower().split(","))


def _one_of(*usual: str) -> Callable[[_Option], Condition]:
    return lambda option: (not set(usual).isdisjoint(option.items)) != option.negated


def _read_set(option: _Option) -> Condition:
    """A set of sources does not hold a stranger; of other sets nothing is known."""
    directions = option.values[1].split(",")
    return option.negated if directions == ["src"] else None


_READERS: Mapping[str, Callable[[_Option], Condition]] = {
    "-m": _read_module,
    "-i": _read_interface,
    "-p": _read_protocol,
    "-s": lambda option: stranger.comes_from(option.items, option.negated),
    "-d": lambda option: stranger.goes_to(option.items, option.negated),
    "--dport": _read_ports,
    "--dports": _read_ports,
    "--ports": _read_ports,
    "--sport": _read_source_ports,
    "--sports": _read_source_ports,
    "--tcp-flags": _read_flags,
    "--ctstate": _one_of("NEW"),
    "--state": _one_of("NEW"),
    "--pkt-type": _one_of("unicast"),
    "--dst-type": _one_of("LOCAL"),
    "--src-type": _one_of("UNICAST"),
    "--ctdir": _one_of("ORIGINAL"),
    "--match-set": _read_set,
}
