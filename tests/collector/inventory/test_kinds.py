"""What kind of device it is, on what ground, and that a phone is only a number."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from collector.inventory import ledger
from collector.inventory.book import Wish
from collector.inventory.ledger import Ledger
from collector.inventory.mac import MacKind, mac_kind, mac_or_none
from collector.inventory.maker import maker_of
from collector.inventory.model import DeviceKind, Standing
from collector.inventory.sighting import Gear
from collector.register.tables_inventory import device as device_table
from probes.model import Role
from tests.collector.inventory.network import HERE, Network, agent, mac
from tests.collector.inventory.scene import EPSON, HIKVISION, PHONE, VIVO


def kind_and_why(network: Network, of: str) -> tuple[DeviceKind, str]:
    found = network.device(of)
    return found.kind, found.why.en


def test_maker_of_cameras_makes_a_camera_or_a_recorder(network: Network) -> None:
    network.answers("10.1.1.5", mac(1, HIKVISION))
    assert kind_and_why(network, mac(1, HIKVISION)) == (
        DeviceKind.CAMERA,
        "Guessed by the maker of its network card: a camera or a recorder of "
        "Hangzhou Hikvision Digital Technology Co.,Ltd..",
    )


def test_maker_of_everything_says_nothing(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    kind, why = kind_and_why(network, mac(1))
    assert kind is DeviceKind.UNKNOWN
    assert why.startswith("No ground")


def test_answer_by_pjlink_outdoes_a_maker(network: Network) -> None:
    network.gear(Gear("101", "10.1.1.5"))
    network.answers("10.1.1.5", mac(1, HIKVISION))
    network.read("pjlink", {}, {"on": 0}, "101")
    assert kind_and_why(network, mac(1, HIKVISION)) == (DeviceKind.PROJECTOR, "It answers PJLink.")


def test_printer_is_one_by_its_tables(network: Network) -> None:
    network.gear(Gear("office", "10.1.1.5"))
    network.answers("10.1.1.5", mac(1, EPSON))
    assert network.device(mac(1, EPSON)).guess is DeviceKind.PROJECTOR  # or a printer, it says
    network.read("printer", {"supply": "black"}, {"pages_count": 3}, "office")
    assert network.device(mac(1, EPSON)).guess is DeviceKind.PRINTER


def test_system_number_names_a_kind_only_where_it_stands_for_one(network: Network) -> None:
    network.gear(Gear("a", "10.1.1.5"), Gear("b", "10.1.1.6"))
    network.replies("a", "1.3.6.1.4.1.318.1.3.27")
    network.replies("b", "1.3.6.1.4.1.3180.1")  # begins alike, and is another maker's
    assert [(d.name, d.kind) for d in network.devices()] == [
        ("a", DeviceKind.UPS),
        ("b", DeviceKind.UNKNOWN),
    ]


def test_switch_that_routes_is_a_switch(network: Network) -> None:
    network.hears("core", "GE0/0/1", mac(1), "bridge router")
    assert network.device(mac(1)).kind is DeviceKind.SWITCH


def test_role_of_its_agent_outdoes_a_name(network: Network) -> None:
    network.enrol(agent("printer-1"))  # its host name has the word in it
    network.owns("printer-1", mac(1))
    assert network.device(mac(1)).kind is DeviceKind.PC


def test_name_is_a_guess_that_says_so(network: Network) -> None:
    network.hears("core", "GE0/0/1", "SW-third-floor", "other")
    network.learns("core", "GE0/0/1", mac(1))
    found = network.device(mac(1))
    assert (found.kind, found.firm) == (DeviceKind.SWITCH, False)
    assert found.why.en == "Guessed by its name: 'SW-third-floor' is like sw-*."


def test_default_gateway_of_pcs_is_one(network: Network) -> None:
    network.enrol(agent("pc-1"))
    labels = {"interface": "eth0", "address": "10.1.1.1", "mac": mac(9)}
    network.read("gateway_mac", labels, {"seen": 1}, by="pc-1")
    assert network.device(mac(9)).kind is DeviceKind.GATEWAY


def test_old_ground_speaks_no_more(network: Network) -> None:
    network.enrol(agent("pc-1"))
    labels = {"interface": "eth0", "address": "10.1.1.1", "mac": mac(9)}
    network.read("gateway_mac", labels, {"seen": 1}, by="pc-1")
    network.look()
    network.pass_time(days=40)
    network.answers("10.1.1.44", mac(9))
    assert network.device(mac(9)).kind is DeviceKind.UNKNOWN


def test_what_a_person_declared_outdoes_everything_and_says_who(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    id = network.device(mac(1)).id
    network.book.declare([Wish(id=id, school=HERE, said={"kind": "smart_board"})], "cli:li")
    found = network.device(mac(1))
    assert (found.kind, found.declared, found.guess) == (
        DeviceKind.SMART_BOARD,
        True,
        DeviceKind.PC,
    )
    assert found.why.zh == "cli:li 于 2026-03-02 登记。"


def test_network_file_says_the_kind_and_the_room(network: Network) -> None:
    network.gear(Gear("ap-3", "10.1.1.5", DeviceKind.ACCESS_POINT, "301"))
    network.replies("ap-3")
    (found,) = network.devices()
    assert (found.kind, found.room, found.standing) == (
        DeviceKind.ACCESS_POINT,
        "301",
        Standing.KNOWN,
    )


def test_phone_is_counted_and_nothing_else_is_kept_of_it(network: Network) -> None:
    network.answers("10.1.1.90", PHONE)
    network.learns("core", "GE0/0/1", PHONE)
    network.hears("core", "GE0/0/1", "iPhone of Wang", "station")
    stock = network.stock()
    assert [device.name for device in stock.devices] == ["core"]
    assert stock.phones.known == 1
    with network.register.database.read() as connection:
        kept = connection.scalars(sa.select(device_table.c.facts).order_by(device_table.c.id)).all()
    assert "10.1.1.90" not in str(kept)
    assert "Wang" not in str(kept)
    assert "GE0/0/1" not in str(kept)
    assert network.look() == 0


def test_phone_stays_one_by_what_was_kept(network: Network) -> None:
    plain = mac(7)
    network.learns("core", "GE0/0/1", plain)
    network.hears("core", "GE0/0/1", "iPhone of Wang", "station")
    assert network.stock().phones.known == 1
    network.pass_time(days=1)
    network.answers("10.1.1.90", plain)
    assert network.stock().phones.known == 1


def test_tablet_of_a_maker_of_phones_is_listed_once_it_is_declared(network: Network) -> None:
    network.answers("10.1.1.90", mac(3, VIVO))
    network.look()
    (id,) = network.of_mac(mac(3, VIVO))
    network.book.declare([Wish(id=id, school=HERE, said={"kind": "tablet"})], "cli:li")
    assert network.device(mac(3, VIVO)).kind is DeviceKind.TABLET


def test_phones_are_forgotten_after_a_month_and_others_after_two_years(network: Network) -> None:
    network.answers("10.1.1.90", PHONE)
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.pass_time(days=2)
    network.answers("10.1.1.90", PHONE)
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.readings.clear()
    network.pass_time(days=31)
    network.beats("sentinel-1")
    assert network.stock().phones.known == 0
    assert network.of_mac(mac(1))
    network.pass_time(days=710)
    network.beats("sentinel-1")
    network.look()
    assert network.of_mac(mac(1)) == []


def test_visitor_of_one_day_is_forgotten_after_two_months(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.readings.clear()
    network.pass_time(days=59)
    network.beats("sentinel-1")
    network.look()
    assert network.of_mac(mac(1))
    network.pass_time(days=2)
    network.beats("sentinel-1")
    network.look()
    assert network.of_mac(mac(1)) == []


def test_flood_of_addresses_does_not_fill_the_register(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_OF_A_SCHOOL", 20)
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.pass_time(hours=1)
    for number in range(100, 200):
        network.answers("10.1.1.9", mac(number))
    assert len(network.devices()) == 20
    assert network.device(mac(1))


def test_device_that_is_declared_while_it_is_being_forgotten_stays(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    network.look()
    (id,) = network.of_mac(mac(1))
    booked = Ledger(network.book.entries(), [], network.policy)
    booked.forget(next(entry for entry in booked.entries if entry.id == id))
    network.book.declare([Wish(id=id, school=HERE, said={"kind": "pc"})], "cli:li")
    network.book.store(booked, [])
    assert network.of_mac(mac(1)) == [id]


def test_declared_device_is_never_forgotten(network: Network) -> None:
    wish = Wish(id=None, school=HERE, macs=(mac(1),), said={"kind": "pc"})
    network.book.declare([wish], "cli:li")
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.readings.clear()
    network.pass_time(days=2000)
    network.beats("sentinel-1")
    assert network.device(mac(1)).declared


def test_clock_that_leaps_ahead_forgets_nothing(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.pass_time(days=9999)
    assert network.device(mac(1))


def test_kinds_of_addresses_are_told_apart() -> None:
    assert {m: mac_kind(m) for m in ("00:1a:2b:00:00:01", "02:42:ac:11:00:02",
                                     "00:00:5e:00:02:07", "33:33:00:00:00:01")} == {
        "00:1a:2b:00:00:01": MacKind.BURNED_IN,
        "02:42:ac:11:00:02": MacKind.LOCAL,
        "00:00:5e:00:02:07": MacKind.VIRTUAL_ROUTER,
        "33:33:00:00:00:01": MacKind.NONE,
    }  # fmt: skip


def test_usual_spellings_of_an_address_are_one() -> None:
    spellings = ("00-1A-2B-03-04-05", "001a.2b03.0405", "001a-2b03-0405", "0:1a:2b:3:4:5")
    assert {mac_or_none(each) for each in spellings} == {"00:1a:2b:03:04:05"}
    assert mac_or_none("00:1a:2b:03:04") is None


def test_maker_is_of_the_block_and_of_no_made_up_address() -> None:
    assert maker_of(mac(1, VIVO)) == "vivo Mobile Communication Co., Ltd."
    assert maker_of("02:00:00:00:00:01") == ""
    assert maker_of("70:b3:d5:00:10:00") == ""  # shared among many


def test_sentinel_without_a_role_of_its_own_is_a_server(network: Network) -> None:
    network.enrol(agent("box", Role.SENTINEL))
    network.beats("box")
    (found,) = network.devices()
    assert found.kind is DeviceKind.SERVER
