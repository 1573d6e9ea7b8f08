"""Books what was seen: who is whom, on grounds that survive a move.

An agent is one device, with all the cards it claims; without an agent a card is one device. An
address is never a ground: it only says which card answers for gear of the school's network file at
this moment. A card that two agents claim (a dock, a loaned adapter) tells nobody apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from collector.inventory.entry import Entry
from collector.inventory.facts import Key
from collector.inventory.mac import MacKind, mac_kind, number_of
from collector.inventory.sighting import GearSeen, MacSeen, OwnWord, Seen
from collector.register.model import Agent
from config.inventory_file import InventoryPolicy

MOST_OF_A_SCHOOL = 5000
"""Devices; whoever sends frames from ever new addresses must not fill the register."""


class Ledger:
    """Of all schools. Make one from what the register holds, `book` a look, store what changed.

    Attributes:
        merged: (the device that stays, the id of the one that turned out to be it).
        gone: ids of devices that turned out to be none.
        left_out: cards for which there was no room any more.
    """

    def __init__(
        self, entries: Iterable[Entry], agents: Iterable[Agent], policy: InventoryPolicy
    ) -> None:
        self._entries = {id(entry): entry for entry in entries}
        self.merged: list[tuple[Entry, int]] = []
        self.gone: list[int] = []
        self.left_out = 0
        self._agents = {agent.id: agent for agent in agents if not agent.revoked}
        self._policy = policy
        self._of_agent: dict[str, Entry] = {}
        self._of_gear: dict[tuple[str, str], Entry] = {}
        self._of_mac: dict[str, Entry] = {}
        self._shared: set[str] = set()
        self._switches: list[tuple[int, Entry]] = []
        self._many: Counter[str] = Counter()

    def book(self, seen: Seen) -> None:
        self._release(seen)
        self._many = Counter(entry.school for entry in self.entries)
        self._of_agent = {entry.agent: entry for entry in self.entries if entry.agent}
        self._book_own_words(seen.own)
        self._settle_cards()
        self._book_gear(seen)
        by_mac: dict[str, list[MacSeen]] = defaultdict(list)
        for each in seen.macs:
            by_mac[each.mac].append(each)
        speaking = [mac for mac, sightings in by_mac.items() if _speaks(sightings)]
        for mac in speaking:
            self._book_mac(mac, by_mac.pop(mac), seen.learned_by)
        self._find_switches(seen)
        for mac, sightings in by_mac.items():
            self._book_mac(mac, sightings, seen.learned_by)

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def forget(self, entry: Entry) -> None:
        """Nothing is kept of it."""
        del self._entries[id(entry)]
        if entry.id is not None:
            self.gone.append(entry.id)

    def _add(self, entry: Entry) -> Entry:
        entry.changed = True
        self._entries[id(entry)] = entry
        return entry

    def _merge(self, into: Entry, other: Entry) -> Entry:
        """`other` is `into`. Its row goes, and what people said of it stays with the other's."""
        into.take_in(other)
        del self._entries[id(other)]
        if other.id is not None and into.id is None:
            into.id = other.id
        elif other.id is not None:
            self.merged.append((into, other.id))
        for mac in other.cards:
            if self._of_mac.get(mac) is other:
                self._of_mac[mac] = into
        if other.gear and self._of_gear.get((other.school, other.gear)) is other:
            self._of_gear[other.school, other.gear] = into
        return into

    # Agents

    def _release(self, seen: Seen) -> None:
        """A machine whose agent may speak no more, or gear whose name is not in the school's
        network file any more, is known by its cards."""
        for entry in self.entries:
            if entry.gear and not seen.knows_gear(entry.school, entry.gear):
                entry.gear, entry.changed = "", True
            if entry.agent and entry.agent not in self._agents:
                entry.agent, entry.heard, entry.changed = "", None, True
                for card in entry.cards.values():
                    card.claimed = None

    def _book_own_words(self, words: Sequence[OwnWord]) -> None:
        of_agent: dict[str, list[OwnWord]] = defaultdict(list)
        for word in words:
            if word.agent in self._agents:
                of_agent[word.agent].append(word)
        # Those that are known first: a new one may stand for one that was heard till now.
        for agent, said in sorted(of_agent.items(), key=lambda of: of[0] not in self._of_agent):
            entry = self._of_agent.get(agent) or self._entry_for(self._agents[agent], said)
            self._of_agent[agent] = entry
            entry.move(self._agents[agent].school)
            for word in said:
                entry.see(word.at, word.mac, "own_addresses", word.said)
                entry.heard = word.at if entry.heard is None else max(entry.heard, word.at)
                if word.mac:
                    entry.claim(word.mac, word.at)

    def _entry_for(self, agent: Agent, said: Sequence[OwnWord]) -> Entry:
        """Of an agent that is new: the device of one that it replaced, else a new one."""
        claimed = {word.mac for word in said if word.mac}
        for before in self._of_agent.values():
            if (
                before.school == agent.school
                and before.heard is not None
                and before.heard <= agent.enrolled_at
                and (had := {mac for mac, card in before.cards.items() if card.claimed})
                and had <= claimed
            ):
                del self._of_agent[before.agent]
                before.agent, before.changed = agent.id, True
                return before
        return self._add(Entry(None, agent.school, agent.id))

    # Cards

    def _settle_cards(self) -> None:
        """Whose card is whose: of the one agent that claims it, else of the device that has it."""
        claimants: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._of_agent.values():
            for mac in self._lapsed(entry):
                entry.lose(mac)
            for mac, card in entry.cards.items():
                if card.claimed is not None:
                    claimants[mac].append(entry)
        self._shared = {mac for mac, found in claimants.items() if len(found) > 1}
        self._of_mac = {m: found[0] for m, found in claimants.items() if len(found) == 1}
        for entry in self.entries:
            for mac in list(entry.cards):
                if entry not in claimants.get(mac, ()):
                    self._settle(mac, entry)
        self._of_gear = {(e.school, e.gear): e for e in self.entries if e.gear}

    def _lapsed(self, entry: Entry) -> list[str]:
        """Cards that the agent has named no more for long, while it named others."""
        claimed = {mac: card.claimed for mac, card in entry.cards.items() if card.claimed}
        newest = max(claimed.values(), default=None)
        return [m for m, at in claimed.items() if newest and newest - at > self._policy.claim]

    def _settle(self, mac: str, entry: Entry) -> None:
        """A card of a device that does not claim it by an agent of its own."""
        if id(entry) not in self._entries:
            return  # merged a moment ago
        owner = self._of_mac.get(mac)
        if mac in self._shared:
            if entry.is_plain:
                self.forget(entry)
        elif owner is None:
            self._of_mac[mac] = entry
        elif owner is not entry and not entry.agent:
            if _may_take(owner, entry):
                self._merge(owner, entry)
            else:
                self._of_mac[mac] = entry

    # Gear of the school's network file

    def _book_gear(self, seen: Seen) -> None:
        for place, mac in seen.hosts.items():
            self._tie(place, mac)
        for each in seen.gear:
            if not seen.knows_gear(each.school, each.gear):
                continue  # of a name that it had before
            entry = self._gear_entry(each)
            entry.see(each.at, "", each.source, each.said)

    def _tie(self, place: tuple[str, str], mac: str) -> None:
        """The card that answers for the gear's address is in it."""
        if mac in self._shared:
            return
        named, owner = self._of_gear.get(place), self._of_mac.get(mac)
        if named is None and owner is None:
            named = self._add(Entry(None, place[0], gear=place[1]))
        elif named is None or (owner is not None and owner is not named):
            named = self._one_of(place, named, owner)
        if named is None:
            return
        self._of_gear[place] = named
        named.card(mac)
        self._of_mac[mac] = named

    def _one_of(
        self, place: tuple[str, str], named: Entry | None, owner: Entry | None
    ) -> Entry | None:
        """The device that is both; None where the card is that of other gear or another school."""
        if owner is None or owner.school != place[0] or owner.gear not in ("", place[1]):
            return None
        if named is None:
            owner.gear, owner.changed = place[1], True
            return owner
        if named.agent and owner.agent:
            return None
        return self._merge(owner, named) if owner.agent else self._merge(named, owner)

    def _gear_entry(self, each: GearSeen) -> Entry:
        place = each.school, each.gear
        if place not in self._of_gear:
            self._of_gear[place] = self._add(Entry(None, each.school, gear=each.gear))
        return self._of_gear[place]

    def _find_switches(self, seen: Seen) -> None:
        """The cards of bridges; their ports have the addresses that follow."""
        own = set(seen.hosts.values()) | {
            each.mac for each in seen.macs if any(_bridges(key, value) for key, value in each.said)
        }
        bridges = {
            id(entry)
            for entry in self.entries
            if any(_bridges(fact.key, fact.value) for fact in entry.facts)
        }
        self._switches = [
            (number_of(mac), entry)
            for mac in own
            if (entry := self._of_mac.get(mac)) is not None and id(entry) in bridges
        ]

    # Everybody else

    def _book_mac(
        self,
        mac: str,
        sightings: Sequence[MacSeen],
        learned_by: Mapping[tuple[str, str], set[str]],
    ) -> None:
        if mac in self._shared:
            return
        entry = self._of_mac.get(mac)
        if entry is None and mac_kind(mac) is not MacKind.BURNED_IN:
            return  # made up on the machine: it is counted, and another one tomorrow
        if entry is None or (entry.is_plain and not _speaks(sightings)):
            entry = self._in_switch(mac, sightings, learned_by, entry) or entry
        if entry is None:
            home = _home(sightings)
            if self._many[home] >= MOST_OF_A_SCHOOL:
                self.left_out += 1
                return
            self._many[home] += 1
            entry = self._add(Entry(None, home))
        elif not (entry.agent or entry.gear or entry.declared):
            entry.move(self._home_now(entry, sightings))
        self._of_mac[mac] = entry
        is_phone = entry.facts.newest(Key.PHONE) is not None and not entry.declared
        for each in sightings:
            entry.see(each.at, mac, each.source, () if is_phone else each.said)

    def _in_switch(
        self,
        mac: str,
        sightings: Sequence[MacSeen],
        learned_by: Mapping[tuple[str, str], set[str]],
        before: Entry | None,
    ) -> Entry | None:
        """The switch of which it is a port: one with an address shortly before, which never
        learned it, as a bridge does not learn its own."""
        number, school = number_of(mac), sightings[0].school
        for first, switch in self._switches:
            if (
                0 < number - first < self._policy.switch_addresses
                and switch.school == school
                and switch is not before
                and switch.gear not in learned_by.get((school, mac), ())
            ):
                return switch if before is None else self._merge(switch, before)
        return None

    def _home_now(self, entry: Entry, sightings: Sequence[MacSeen]) -> str:
        """Where it was, unless another school alone has seen it for long."""
        newest = max(sightings, key=lambda each: each.at)
        here = [each.at for each in sightings if each.school == entry.school]
        last: datetime | None = max(here, default=entry.last)
        gone = last is not None and newest.at - last > self._policy.move
        return newest.school if gone else entry.school


def _may_take(owner: Entry, entry: Entry) -> bool:
    """Whether the word of an agent is enough; what people said is another school's stays there."""
    return entry.school == owner.school or not (entry.gear or entry.declared)


def _bridges(key: str, value: str) -> bool:
    return key == Key.BRIDGE or (key == Key.CAPABILITIES and "bridge" in value.lower())


def _speaks(sightings: Sequence[MacSeen]) -> bool:
    """It said something of itself, so it is no mere port."""
    return any(key in (Key.NAME, Key.CAPABILITIES) for each in sightings for key, _ in each.said)


def _home(sightings: Sequence[MacSeen]) -> str:
    """Of several schools that see it, the one that knows its port; else the lowest code."""
    placed = {each.school for each in sightings if any(k == Key.PORT for k, _ in each.said)}
    return min(placed or {each.school for each in sightings})
