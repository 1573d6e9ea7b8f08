"""Names lead elsewhere than they should.

It rests on what resolvers answer to the agents, against what the collector's own resolvers say of
the same names. Content networks answer everybody differently, so only names that policy lists as
fixed are compared; and a name that cannot exist must have no answer. A listed DHCP server that
hands out a resolver nobody listed is what an altered router looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address

from collector.lan import dhcp
from collector.lan.detector import Detector
from collector.lan.facts import ANSWERS, Sighting
from collector.lan.look import Finding, Look
from collector.lan.site import Network
from probes.text import Text


class ResolverAltered(Detector):
    id = "resolver_altered"
    rests_on = ("resolver_truth", "dhcp_offers", "dhcp_lease")
    limits = frozenset({"runs"})

    def find(self, look: Look) -> Iterable[Finding]:
        found: dict[str, list[tuple[Sighting, Text]]] = {}
        for sighting in look.facts.that(ANSWERS):
            wrong = _wrong(sighting, look)
            if wrong is not None:
                found.setdefault(sighting.target, []).append((sighting, wrong))
        for resolver, sighting, wrong in _handed_out(look):
            found.setdefault(resolver, []).append((sighting, wrong))
        for resolver, said in sorted(found.items()):
            if _is_schools(resolver, [s for s, _ in said], look):
                ground = max(said, key=lambda one: one[0].last)[1]
                sightings = tuple(s for s, _ in said)
                yield Finding(
                    subject=resolver, address=resolver, ground=ground, sightings=sightings
                )


def _wrong(sighting: Sighting, look: Look) -> Text | None:
    """What is wrong with an answer; None where nothing is, or nobody can say."""
    name, answer = sighting["name"].rstrip(".").lower(), sighting["answer"]
    if not answer or sighting.value < 1:
        return None
    nowhere = look.answers.nothing_below
    if nowhere and name.endswith(f".{nowhere}"):
        return Text(
            f"不存在的名字 {name} 被解析为 {answer}",
            f"the name {name}, which does not exist, leads to {answer}",
        )
    right = look.answers.names.get(name)
    if not right or sighting.n < look.limit("runs") or _is_within(answer, right):
        return None
    shown = " ".join(str(network).removesuffix("/32").removesuffix("/128") for network in right)
    return Text(
        f"{name} 被解析为 {answer}，应为 {shown}",
        f"{name} leads to {answer} and should to {shown}",
    )


def _is_within(answer: str, right: Sequence[Network]) -> bool:
    """Whether every address lies where it should; an altered answer may hold a right one too."""
    try:
        found = [ip_address(text) for text in answer.split()]
    except ValueError:
        return True  # shortened, or no list of addresses: nothing to compare
    return all(any(address in network for network in right) for address in found)


def _handed_out(look: Look) -> Iterable[tuple[str, Sighting, Text]]:
    """Resolvers that nobody listed, handed out by a server that was."""
    if look.site is None or not look.site.resolvers or not look.site.dhcp_servers:
        return
    servers = dhcp.servers(look)
    may = dhcp.allowed(look, servers)
    listed = ", ".join(look.site.resolvers)
    for server in servers:
        if may is None or server.address not in may.addresses:
            continue
        for sighting in server.sightings:
            for resolver in _addresses(sighting["resolvers"]):
                if resolver not in look.site.resolvers:
                    yield (
                        resolver,
                        sighting,
                        Text(
                            f"DHCP 下发的解析服务器不在登记的 {listed} 之中",
                            f"DHCP hands out this resolver, which is not among {listed}",
                        ),
                    )


def _addresses(words: str) -> list[str]:
    """Without what only says how many more there are."""
    found = []
    for word in words.split():
        with suppress(ValueError):
            found.append(str(ip_address(word)))
    return found


def _is_schools(resolver: str, sightings: list[Sighting], look: Look) -> bool:
    """Not the resolver of a home at which a laptop is."""
    listed = look.site.resolvers if look.site is not None else ()
    return resolver in listed or bool(look.at_school(sightings))
