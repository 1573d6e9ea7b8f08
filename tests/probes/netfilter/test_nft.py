"""Rulesets in the JSON of `nft -j list ruleset`, written for these tests."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.netfilter.facts import Facts, ask
from probes.netfilter.nft import parse_nft

Json = Any
DROP: Json = {"drop": None}
ACCEPT: Json = {"accept": None}
COUNTER: Json = {"counter": {"packets": 5, "bytes": 300}}


def match(left: Json, right: Json, op: str = "==") -> Json:
    return {"match": {"op": op, "left": left, "right": right}}


def meta(key: str, right: Json, op: str = "==") -> Json:
    return match({"meta": {"key": key}}, right, op)


def ct(key: str, right: Json, op: str = "in") -> Json:
    return match({"ct": {"key": key}}, right, op)


def header(protocol: str, field: str, right: Json, op: str = "==") -> Json:
    return match({"payload": {"protocol": protocol, "field": field}}, right, op)


def flags(mask: Json, right: Json, op: str = "==") -> Json:
    return match({"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, mask]}, right, op)


def ruleset(
    *rules: list[Json],
    policy: str = "accept",
    family: str = "inet",
    hook: str | None = "input",
    kind: str = "filter",
    table: Json = None,
    chain: Json = None,
    more: list[Json] | None = None,
) -> str:
    """A table `t` with the chain `in` and its rules; `more` objects (chains, sets, rules)."""
    place = {"family": family, "table": "t"}
    base = {"type": kind, "hook": hook, "prio": 0, "policy": policy} if hook else {}
    objects = [
        {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
        {"table": {"family": family, "name": "t", "handle": 1, **(table or {})}},
        *(more or []),
        {"chain": {**place, "name": "in", "handle": 1, **base, **(chain or {})}},
        *({"rule": {**place, "chain": "in", "handle": 9, "expr": expr}} for expr in rules),
    ]
    return json.dumps({"nftables": objects})


def named_chain(name: str, *rules: list[Json]) -> list[Json]:
    place = {"family": "inet", "table": "t"}
    return [
        {"chain": {**place, "name": name, "handle": 7}},
        *({"rule": {**place, "chain": name, "handle": 8, "expr": expr}} for expr in rules),
    ]


def named_set(kind: str, name: str, **options: Json) -> list[Json]:
    return [{kind: {"family": "inet", "table": "t", "name": name, "handle": 3, **options}}]


def facts(text: str, *interfaces: str) -> Facts:
    return ask(parse_nft(text), interfaces or ("eth0",), (4, 6))


def is_active(text: str) -> bool | None:
    found = facts(text)
    assert found.ipv4 == found.ipv6
    return found.ipv4


LOOPBACK = [meta("iif", "lo"), ACCEPT]
ESTABLISHED = [ct("state", ["established", "related"]), ACCEPT]
STANDARD = [LOOPBACK, ESTABLISHED, [header("tcp", "dport", 22), ACCEPT]]


def test_policy_drop_is_a_firewall_that_denies_by_default() -> None:
    found = facts(ruleset(*STANDARD, policy="drop"))
    assert (found.ipv4, found.ipv6, found.default_denied) == (True, True, True)
    assert found.rules == 3
    assert found.forwarded is False


def test_last_rule_that_drops_is_as_good_as_a_policy() -> None:
    assert facts(ruleset(*STANDARD, [COUNTER, DROP])).default_denied is True


def test_rules_while_every_policy_accepts_are_no_firewall() -> None:
    found = facts(ruleset(*STANDARD, [{"log": {"prefix": "seen "}}], [COUNTER]))
    assert (found.ipv4, found.ipv6, found.default_denied) == (False, False, False)
    assert found.rules == 5


def test_empty_ruleset_is_no_firewall() -> None:
    found = facts('{"nftables": [{"metainfo": {"version": "1.0.6"}}]}')
    assert found == Facts(False, False, False, False, 0)


@pytest.mark.parametrize(
    "rule",
    [
        [header("tcp", "dport", 445), DROP],
        [header("tcp", "dport", {"set": [135, {"range": [137, 139]}]}), {"reject": None}],
        [header("udp", "dport", 53, "!="), DROP],
        [meta("l4proto", "tcp"), {"reject": {"type": "tcp reset"}}],
        [ct("state", "new"), DROP],
        [ct("state", "established", "!="), DROP],
        [ct("state", ["new", "invalid"]), DROP],
        [header("ip", "saddr", "10.0.0.0", "!="), DROP],
        [flags(["fin", "syn", "rst", "ack"], "syn"), DROP],
        [header("tcp", "flags", "syn", "in"), DROP],
        [meta("iifname", "eth*"), DROP],
        [meta("iifname", "lo", "!="), DROP],
        [header("th", "dport", {"range": [1, 1024]}), DROP],
        [header("tcp", "dport", 1024, ">"), DROP],
        [{"limit": {"rate": 5, "per": "second"}}, DROP],
    ],
    ids=range(15),
)
def test_rule_that_stops_some_stranger_is_a_firewall(rule: list[Json]) -> None:
    assert facts(ruleset(rule)).ipv4 is True


@pytest.mark.parametrize(
    "rule",
    [
        [header("ip", "saddr", "203.0.113.9"), DROP],
        [header("ip", "saddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}), DROP],
        [header("ip", "saddr", "@blocked"), {"reject": None}],
        [header("ether", "saddr", "00:00:5e:00:53:01"), DROP],
        [ct("state", "invalid"), DROP],
        [ct("status", "dnat"), DROP],
        [header("icmp", "type", "echo-request"), DROP],
        [header("icmpv6", "type", "echo-request"), DROP],
        [meta("l4proto", "icmp"), DROP],
        [flags(["fin", "syn"], ["fin", "syn"]), DROP],
        [flags(["fin", "syn", "rst", "ack"], 0), DROP],
        [header("tcp", "flags", ["fin", "syn"], "!"), DROP],
        [{"limit": {"rate": 5, "per": "second", "inv": True}}, DROP],
        [{"quota": {"val": 5, "val_unit": "mbytes", "inv": True}}, DROP],
        [{"ct count": {"val": 50, "inv": True}}, DROP],
        [meta("iifname", "lo"), DROP],
        [meta("iifname", "wlan9"), DROP],
        [meta("pkttype", {"set": ["broadcast", "multicast"]}), DROP],
        [match({"fib": {"result": "type", "flags": ["daddr"]}}, "local", "!="), DROP],
        [match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False), DROP],
        [match({"exthdr": {"name": "rt", "field": "type"}}, 0), DROP],
        [header("ip", "daddr", {"prefix": {"addr": "224.0.0.0", "len": 4}}), DROP],
        [header("tcp", "sport", {"range": [1, 1023]}), DROP],
    ],
    ids=range(23),
)
def test_rule_that_no_sound_stranger_meets_is_no_firewall(rule: list[Json]) -> None:
    """Among them fail2ban's: the drop of listed addresses leaves the door open to all others."""
    assert facts(ruleset(rule)).ipv4 is False


def test_accept_for_all_before_the_drop_leaves_no_firewall() -> None:
    assert is_active(ruleset([ACCEPT], [DROP], policy="drop")) is False


def test_accepts_that_together_let_all_in_leave_no_firewall() -> None:
    """No rule says "accept everything", but nothing gets as far as the drop."""
    rules = ([meta("l4proto", "tcp"), ACCEPT], [meta("l4proto", "udp"), ACCEPT])
    assert is_active(ruleset(*rules, policy="drop")) is False


def test_rate_limited_accept_lets_a_stranger_in() -> None:
    rule = [{"limit": {"rate": 10, "per": "second"}}, ACCEPT]
    assert is_active(ruleset(rule, policy="drop")) is False


@pytest.mark.parametrize("leads", ["jump", "goto"])
def test_drop_in_a_chain_that_is_led_to_counts(leads: str) -> None:
    more = named_chain("far", [COUNTER, DROP])
    assert is_active(ruleset([{leads: {"target": "far"}}], more=more)) is True


def test_drop_in_a_chain_that_nobody_leads_to_does_not_count() -> None:
    assert is_active(ruleset([COUNTER], more=named_chain("far", [DROP]))) is False


def test_drop_after_a_jump_that_accepts_everything_is_not_reached() -> None:
    more = named_chain("far", [ACCEPT])
    assert is_active(ruleset([{"jump": {"target": "far"}}], [DROP], more=more)) is False


def test_return_leads_back_to_the_drop() -> None:
    more = named_chain("far", [{"return": None}], [ACCEPT])
    assert is_active(ruleset([{"jump": {"target": "far"}}], [DROP], more=more)) is True


def test_goto_does_not_come_back() -> None:
    more = named_chain("far", [COUNTER])
    assert is_active(ruleset([{"goto": {"target": "far"}}], [DROP], more=more)) is False


def test_return_from_the_base_chain_is_its_policy() -> None:
    assert is_active(ruleset([{"return": None}], [ACCEPT], policy="drop")) is True


@pytest.mark.parametrize("hook", ["output", "postrouting", "egress", None])
def test_drop_on_the_way_out_protects_nothing(hook: str | None) -> None:
    found = facts(ruleset([DROP], hook=hook, policy="drop"))
    assert (found.ipv4, found.forwarded) == (False, False)


def test_forwarding_is_a_fact_of_its_own() -> None:
    found = facts(ruleset(hook="forward", policy="drop"))
    assert (found.ipv4, found.default_denied, found.forwarded) == (False, False, True)


def test_prerouting_stops_both_ways() -> None:
    found = facts(ruleset(hook="prerouting", policy="drop"))
    assert (found.ipv4, found.forwarded) == (True, True)


@pytest.mark.parametrize("family", ["arp", "bridge"])
def test_families_without_ip_hosts_do_not_count(family: str) -> None:
    assert is_active(ruleset(policy="drop", family=family)) is False


@pytest.mark.parametrize(("family", "v4", "v6"), [("ip", True, False), ("ip6", False, True)])
def test_each_ip_version_is_told_apart(family: str, v4: bool, v6: bool) -> None:
    found = facts(ruleset(policy="drop", family=family))
    assert (found.ipv4, found.ipv6) == (v4, v6)
    assert found.default_denied is False  # the other version is open


def test_default_is_asked_of_the_versions_in_use() -> None:
    tables = parse_nft(ruleset(policy="drop", family="ip"))
    assert ask(tables, ("eth0",), (4,)).default_denied is True


@pytest.mark.parametrize("written", ["dormant", ["dormant"], "d"])
def test_dormant_table_does_nothing(written: Json) -> None:
    assert is_active(ruleset(policy="drop", table={"flags": written})) is False


def test_nat_chain_filters_nothing() -> None:
    assert is_active(ruleset(policy="drop", kind="nat", hook="prerouting")) is False


def test_ingress_of_a_named_device_counts_for_that_device() -> None:
    text = ruleset(policy="drop", family="netdev", hook="ingress", chain={"dev": "eth0"})
    assert facts(text, "eth0", "eth1").ipv4 is True
    assert facts(text, "eth1").ipv4 is False


def test_ingress_of_an_unnamed_device_cannot_be_told() -> None:
    text = ruleset(policy="drop", family="netdev", hook="ingress")
    assert facts(text).ipv4 is None
    assert facts(ruleset(family="netdev", hook="ingress")).ipv4 is False


def test_gateway_that_filters_one_side_is_active_and_denies_there() -> None:
    found = facts(ruleset([meta("iifname", "lan0"), ACCEPT], policy="drop"), "lan0", "wan0")
    assert (found.ipv4, found.default_denied) == (True, True)
    open_side = facts(ruleset([meta("iifname", "lan0"), ACCEPT], policy="drop"), "lan0")
    assert (open_side.ipv4, open_side.default_denied) == (False, False)


@pytest.mark.parametrize(
    ("data", "active"),
    [
        ([["invalid", DROP], ["established", ACCEPT]], False),
        ([["invalid", DROP], ["new", DROP]], True),
        ([["new", ACCEPT]], False),
        ([["*", DROP], ["new", ACCEPT]], False),
        ([["established", ACCEPT], ["*", DROP]], True),
    ],
    ids=range(5),
)
def test_verdict_map_is_followed(data: list[Json], active: bool) -> None:
    rule = [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": data}}}]
    assert is_active(ruleset(rule)) is active


def test_named_verdict_map_is_looked_up() -> None:
    rule = [{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@ports"}}]
    ports = named_set("map", "ports", map="verdict", elem=[[22, ACCEPT], [{"range": [1, 9]}, DROP]])
    assert is_active(ruleset(rule, more=ports)) is True
    assert is_active(ruleset(rule)) is None


def test_concatenations_are_followed() -> None:
    key = {
        "concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]
    }
    drop_all = [[{"concat": ["udp", 53]}, ACCEPT], [{"concat": ["tcp", 23]}, DROP]]
    assert is_active(ruleset([{"vmap": {"key": key, "data": {"set": drop_all}}}])) is True
    rule = [match(key, {"set": [{"concat": ["tcp", 23]}]}, "!="), ACCEPT]
    assert is_active(ruleset(rule, policy="drop")) is True


def test_named_set_of_ports_is_looked_up() -> None:
    ports = named_set("set", "ports", type="inet_service", elem=[22, {"range": [80, 90]}])
    text = ruleset([header("tcp", "dport", "@ports"), DROP], more=ports)
    assert facts(text) == Facts(True, True, False, False, 1)


def test_set_whose_content_comes_and_goes_cannot_be_told() -> None:
    ports = named_set("set", "p", type="inet_service", flags=["dynamic"], elem=[22])
    assert is_active(ruleset([header("tcp", "dport", "@p"), DROP], more=ports)) is None


@pytest.mark.parametrize(
    "unknown",
    [
        meta("mark", 7),
        match({"socket": {"key": "transparent"}}, 1),
        {"xt": {"type": "match", "name": "geoip"}},
        {"a statement of the future": {}},
        header("ip", "ttl", 1),
        header("ip", "daddr", "10.0.0.1"),
        match({"payload": {"base": "th", "offset": 0, "len": 8}}, 1),
        match({"numgen": {"mode": "random", "mod": 2}}, 1),
    ],
    ids=range(8),
)
def test_condition_that_cannot_be_evaluated_is_not_guessed(unknown: Json) -> None:
    assert facts(ruleset([unknown, DROP])).ipv4 is None
    assert facts(ruleset([unknown, ACCEPT], policy="drop")).ipv4 is None
    assert facts(ruleset([unknown, ACCEPT], [DROP], policy="drop")).default_denied is None
    # Where the answer does not hang on it, it is certain all the same.
    assert facts(ruleset([unknown, DROP], [DROP])).ipv4 is True
    assert facts(ruleset([unknown, ACCEPT])).ipv4 is False


def test_packet_given_to_a_program_cannot_be_told() -> None:
    assert is_active(ruleset([{"queue": {"num": 1}}])) is None


@pytest.mark.parametrize(
    ("target", "active"),
    [("REJECT", True), ("DROP", True), ("LOG", False), ("SOMETHING", None)],
)
def test_target_of_iptables_inside_nftables_is_known_by_name(
    target: str, active: bool | None
) -> None:
    rule = [COUNTER, {"xt": {"type": "target", "name": target}}]
    assert is_active(ruleset(rule)) is active


def test_per_address_limits_do_not_meet_a_first_packet() -> None:
    limit = {"limit": {"rate": 5, "per": "minute", "inv": True}}
    source = {"payload": {"protocol": "ip", "field": "saddr"}}
    dynset = {"set": {"op": "add", "elem": source, "set": "@seen", "stmt": [limit]}}
    meter = {"meter": {"key": source, "stmt": limit, "name": "m", "size": 65535}}
    assert is_active(ruleset([dynset, DROP], [meter, DROP])) is False


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"nftables": 5}',
        '{"nftables": [5]}',
        ruleset([{"jump": {"target": "nowhere"}}]),
        ruleset(
            [{"jump": {"target": "far"}}], more=named_chain("far", [{"jump": {"target": "far"}}])
        ),
        ruleset([{"jump": {}}]),
        ruleset([5]),
        ruleset([{"accept": None, "drop": None}]),
        "[" * 100_000,
    ],
    ids=range(12),
)
def test_listing_that_makes_no_sense_is_unreadable(broken: str) -> None:
    with pytest.raises(ProbeError) as caught:
        facts(broken)
    assert caught.value.reason == "unreadable"


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
words = st.sampled_from(
    [
        *("nftables", "table", "chain", "rule", "set", "map", "elem", "expr", "match", "left"),
        *("right", "op", "==", "!=", "<", "in", "payload", "meta", "ct", "fib", "key", "state"),
        *("protocol", "field", "tcp", "udp", "ip", "ip6", "inet", "dport", "saddr", "flags", "&"),
        *("concat", "vmap", "data", "range", "prefix", "accept", "drop", "jump", "goto", "target"),
        *("family", "name", "hook", "input", "policy", "type", "t", "in", "xt", "@s", "iifname"),
    ]
)
values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.text() | values.map(json.dumps) | values.map(lambda v: json.dumps({"nftables": [v]})))
def test_any_text_is_understood_or_unreadable(text: str) -> None:
    with suppress(ProbeError):
        facts(text)


@given(st.lists(st.dictionaries(words, values, min_size=1, max_size=2), max_size=4), values)
def test_any_rule_is_understood_or_unreadable(expr: list[Json], right: Json) -> None:
    with suppress(ProbeError):
        facts(ruleset(expr, [header("tcp", "dport", right), DROP], [meta("iif", right), ACCEPT]))


@given(st.lists(st.dictionaries(words, values, min_size=1, max_size=2), max_size=4))
def test_no_rule_behind_one_that_accepts_everything_makes_a_firewall(expr: list[Json]) -> None:
    with suppress(ProbeError):
        found = facts(ruleset([ACCEPT], expr, [DROP]))
        assert (found.ipv4, found.ipv6, found.default_denied) == (False, False, False)


@given(st.lists(st.dictionaries(words, values, min_size=1, max_size=2), max_size=4))
def test_rules_that_never_stop_anything_make_no_firewall(expr: list[Json]) -> None:
    assume(not any(stop in json.dumps(expr) for stop in ("drop", "jump", "goto", "vmap", "xt")))
    with suppress(ProbeError):
        found = facts(ruleset(expr, [header("tcp", "dport", 22), ACCEPT]))
        assert True not in (found.ipv4, found.ipv6, found.default_denied)
