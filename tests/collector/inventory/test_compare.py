"""The register against what was measured."""

from __future__ import annotations

from collector.inventory.book import Wish
from collector.inventory.compare import Gap, counts, differences
from collector.inventory.model import DeviceKind
from collector.inventory.sighting import Gear
from collector.register.register import HOME
from tests.collector.inventory.network import HERE, Network, agent, mac


def declare(network: Network, *macs: str, **said: object) -> None:
    """By its cards; of a device that is known already, if one is."""
    ids = [id for each in macs for id in network.of_mac(each)]
    wish = Wish(id=ids[0] if ids else None, school=HERE, macs=macs, said=said)
    network.book.declare([wish], "cli:li")


def gaps(network: Network) -> list[tuple[Gap, str]]:
    found = differences(network.stock(), network.policy.missing, network.now)
    return [(each.gap, each.text.en) for each in found]


def test_declared_device_that_is_seen_as_declared_differs_in_nothing(network: Network) -> None:
    declare(network, mac(1), kind="pc")
    network.answers("10.1.1.5", mac(1))
    network.swept(1)
    assert gaps(network) == []


def test_device_nobody_declared_is_new_since_it_was_seen(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    assert gaps(network) == [(Gap.NEW, "First seen on 2026-03-02; nobody has declared it.")]


def test_days_are_those_of_the_clock_on_the_wall(network: Network) -> None:
    network.pass_time(hours=(17 - network.now.hour) % 24)  # past midnight in China, not in UTC
    there = network.now.astimezone(HOME).date()
    assert there != network.now.date()
    network.answers("10.1.1.5", mac(1))
    assert gaps(network) == [(Gap.NEW, f"First seen on {there}; nobody has declared it.")]


def test_declared_and_never_seen_says_where_and_since_when_was_looked(network: Network) -> None:
    declare(network, mac(1), kind="pc")
    network.swept(0)
    network.look()
    network.pass_time(days=3)
    network.swept(0)
    assert gaps(network) == [
        (Gap.NEVER, "Never seen in 10.1.1.0/24, where was looked since 2026-03-02.")
    ]


def test_where_nothing_is_swept_nothing_is_missing(network: Network) -> None:
    declare(network, mac(1), kind="pc")
    declare(network, kind="projector", asset="A-7")
    assert [gap for gap, _ in gaps(network)] == [Gap.UNTOLD, Gap.UNTOLD]


def test_device_is_missing_only_if_somebody_looked_meanwhile(network: Network) -> None:
    declare(network, mac(1), kind="pc")
    network.answers("10.1.1.5", mac(1))
    network.swept(1)
    network.look()
    network.pass_time(days=45)
    assert [gap for gap, _ in gaps(network)] == [Gap.UNTOLD]
    network.swept(0)
    assert gaps(network) == [(Gap.MISSING, "Not seen after 2026-03-02.")]


def test_kind_differs_only_by_what_the_device_says_itself(network: Network) -> None:
    declare(network, "44:19:b6:00:00:01", kind="printer")  # the maker makes cameras
    network.answers("10.1.1.5", "44:19:b6:00:00:01")
    assert gaps(network) == []
    network.gear(Gear("x", "10.1.1.5"))
    network.read("pjlink", {}, {"on": 1}, "x")
    assert gaps(network) == [(Gap.KIND, "Declared as printer; measured, it looks like projector.")]


def test_smart_board_with_the_agent_of_a_pc_is_no_difference(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    network.look()
    declare(network, mac(1), kind="smart_board")
    assert gaps(network) == []


def test_room_differs_from_the_network_file(network: Network) -> None:
    network.gear(Gear("ap", "10.1.1.5", DeviceKind.ACCESS_POINT, "301"))
    network.replies("ap")
    network.answers("10.1.1.5", mac(1))
    network.look()
    declare(network, mac(1), room="302")
    assert [gap for gap, _ in gaps(network)] == [Gap.ROOM]


def test_device_at_another_port_than_when_it_was_declared_has_moved(network: Network) -> None:
    network.learns("core", "GE0/0/3", mac(1))
    network.look()
    declare(network, mac(1), kind="pc", port="core GE0/0/3")
    declare(network, *[], kind="switch", asset="core")
    network.pass_time(hours=2)
    network.learns("core", "GE0/0/9", mac(1))
    assert (
        Gap.MOVED,
        "At core GE0/0/3 when it was declared, now at core GE0/0/9; its room may be another.",
    ) in gaps(network)


def test_scrapped_device_that_is_still_there_is_said(network: Network) -> None:
    declare(network, mac(1), kind="pc", standing="scrapped")
    assert gaps(network) == []
    network.pass_time(days=1)
    network.answers("10.1.1.5", mac(1))
    assert [gap for gap, _ in gaps(network)] == [Gap.SCRAPPED]


def test_ignored_device_differs_in_nothing(network: Network) -> None:
    declare(network, mac(1), kind="pc", standing="ignored")
    network.swept(0)
    assert gaps(network) == []


def test_machine_with_an_agent_is_missed_in_a_list_but_not_new(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    assert gaps(network) == []  # nothing was listed, so nothing is missed
    declare(network, mac(2), kind="pc")
    network.answers("10.1.1.6", mac(2))
    assert [gap for gap, _ in gaps(network)] == [Gap.UNLISTED]


def test_counts_leave_out_what_is_scrapped_or_ignored(network: Network) -> None:
    declare(network, mac(1), kind="pc")
    declare(network, mac(2), kind="pc", standing="scrapped")
    declare(network, mac(3), kind="printer", standing="ignored")
    network.answers("10.1.1.5", mac(1))
    network.answers("10.1.1.9", mac(9))
    found = [(c.kind, c.all, c.new, c.seen) for c in counts(network.devices(), network.now)]
    assert found == [(DeviceKind.PC, 1, 0, 1), (DeviceKind.UNKNOWN, 1, 1, 1)]
