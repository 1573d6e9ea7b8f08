from __future__ import annotations

import ctypes
import json
import platform
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import default_route
from probes.dual_homing import linux, windows
from probes.dual_homing.addresses import reaches_out
from probes.instruments.posture_dual_homing import (
    DEFAULT_ROUTES,
    IP_FORWARDING,
    NETWORKS,
    PHONE_TETHER,
    PostureDualHoming,
)
from probes.model import LOCAL, NoSettings, ProbeError, Reading
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
BY = "{0}\t00000000\t0101A8C0\t0003\t0\t0\t{1}\t00000000\t0\t0\t0\n"
BY_IPV6 = "0" * 32 + " 00 " + "0" * 32 + " 00 fe8" + "0" * 29 + " 00000400 0 0 00000003 {0}\n"
REJECTING = "0" * 32 + " 00 " + "0" * 32 + " 00 " + "0" * 32 + " ffffffff 1 0 00200200 lo\n"


class Machine:
    """A PC with the interfaces that a test plugs in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.addresses: dict[str, list[str]] = {"lo": ["127.0.0.1", "::1"]}
        self.down: set[str] = set()
        self.write("route", HEAD)
        self.write("ipv6_route", REJECTING)
        self.set("ipv4/conf/all/forwarding", "0")
        monkeypatch.setattr(default_route, "IPV4_ROUTES", folder / "route")
        monkeypatch.setattr(default_route, "IPV6_ROUTES", folder / "ipv6_route")
        monkeypatch.setattr(linux, "SYS_NET", folder / "net")
        monkeypatch.setattr(linux, "SETTINGS", folder / "settings")
        monkeypatch.setattr(psutil, "net_if_addrs", self._addresses)
        monkeypatch.setattr(psutil, "net_if_stats", self._stats)
        (folder / "net/lo").mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def set(self, name: str, value: str) -> None:
        self.write(f"settings/{name}", f"{value}\n")

    def plug(self, name: str, *addresses: str, driver: str = "", vendor: str = "18d1") -> None:
        """Without a driver it is no hardware."""
        self.addresses[name] = ["00:11:22:33:44:55", *addresses]
        (self.folder / "net" / name).mkdir()
        if driver:
            device = self.folder / "devices" / f"of-{name}" / "usb1:1.0"
            device.mkdir(parents=True)
            (device.parent / "idVendor").write_text(f"{vendor}\n")
            (self.folder / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            (device / "driver").symlink_to(self.folder / "drivers" / driver)
            (self.folder / "net" / name / "device").symlink_to(device)

    def _addresses(self) -> dict[str, list[SimpleNamespace]]:
        return {n: [SimpleNamespace(address=a) for a in all_] for n, all_ in self.addresses.items()}

    def _stats(self) -> dict[str, SimpleNamespace]:
        return {name: SimpleNamespace(isup=name not in self.down) for name in self.addresses}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def parts(measure: Measure) -> Callable[[], Any]:
    async def run() -> dict[str, Reading]:
        readings = await measure(PostureDualHoming(NoSettings()))
        return {r.labels["part"]: r for r in readings}

    return run


async def test_machine_on_one_cable_has_one_way_out(machine: Machine, parts: Any) -> None:
    machine.plug("eth0", "192.168.1.5", "fe80::1%eth0", driver="e1000e")
    machine.write("route", HEAD + BY.format("eth0", 100))
    machine.write("ipv6_route", BY_IPV6.format("eth0") + REJECTING)
    found = await parts()
    assert found["routes"].values == {DEFAULT_ROUTES: 1, NETWORKS: 1}
    assert found["tether"].values == {PHONE_TETHER: 0}
    assert found["forwarding"].values == {IP_FORWARDING: 0}


async def test_machine_off_the_network_has_no_way_out(machine: Machine, parts: Any) -> None:
    machine.plug("eth0", driver="e1000e")
    assert (await parts())["routes"].values == {DEFAULT_ROUTES: 0, NETWORKS: 0}


async def test_wifi_beside_the_cable_is_a_second_network_and_a_second_way_out(
    machine: Machine, parts: Any
) -> None:
    machine.plug("eth0", "10.0.0.5", driver="igc")
    machine.plug("wlan0", "172.20.10.2", driver="iwlwifi")
    machine.write("route", HEAD + BY.format("eth0", 100) + BY.format("wlan0", 600))
    assert (await parts())["routes"].values == {DEFAULT_ROUTES: 2, NETWORKS: 2}
    machine.down.add("wlan0")
    assert (await parts())["routes"].values[NETWORKS] == 1


async def test_bridges_of_containers_are_no_networks_and_bridges_on_cards_are(
    machine: Machine, parts: Any
) -> None:
    machine.plug("docker0", "172.17.0.1")
    machine.plug("veth1", "169.254.3.4")
    (machine.folder / "net/docker0/lower_veth1").mkdir()
    machine.plug("eth0", driver="igc")
    machine.plug("br-lan", "192.168.1.1")
    (machine.folder / "net/br-lan/lower_eth0").mkdir()
    assert (await parts())["routes"].values == {DEFAULT_ROUTES: 0, NETWORKS: 1}


async def test_vpn_that_carries_the_default_route_is_a_network(
    machine: Machine, parts: Any
) -> None:
    machine.plug("eth0", "10.0.0.5", driver="igc")
    machine.plug("tun0", "10.8.0.2")
    machine.write("route", HEAD + BY.format("eth0", 100) + BY.format("tun0", 0))
    assert (await parts())["routes"].values == {DEFAULT_ROUTES: 2, NETWORKS: 2}


@pytest.mark.parametrize(
    ("driver", "vendor", "expected"),
    [
        ("rndis_host", "2717", 1),
        ("ipheth", "05ac", 1),
        ("cdc_ncm", "18d1", 1),
        ("cdc_ether", "0bda", 0),
        ("r8152", "0bda", 0),
        ("", "", 0),
    ],
)
async def test_phone_is_known_by_its_driver(
    driver: str, vendor: str, expected: int, machine: Machine, parts: Any
) -> None:
    machine.plug("usb0", "192.168.42.10", driver=driver, vendor=vendor)
    assert (await parts())["tether"].values == {PHONE_TETHER: expected}


async def test_phone_that_only_charges_is_no_modem(machine: Machine, parts: Any) -> None:
    machine.plug("usb0", "fe80::2", driver="rndis_host")
    assert (await parts())["tether"].values == {PHONE_TETHER: 0}


async def test_phone_over_bluetooth_is_a_modem(machine: Machine, parts: Any) -> None:
    machine.plug("bnep0", "192.168.44.3")
    machine.write("net/bnep0/uevent", "DEVTYPE=bluetooth\nINTERFACE=bnep0\n")
    assert (await parts())["tether"].values == {PHONE_TETHER: 1}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ipv4/conf/eth0/forwarding", "1", 1),
        ("ipv4/conf/all/forwarding", "1", 1),
        ("ipv6/conf/all/forwarding", "1", 1),
        ("ipv6/conf/eth0/forwarding", "1", 0),
        ("ipv4/conf/default/forwarding", "1", 0),
    ],
)
async def test_forwarding_is_what_the_kernel_goes_by(
    name: str, value: str, expected: int, machine: Machine, parts: Any
) -> None:
    machine.set(name, value)
    assert (await parts())["forwarding"].values == {IP_FORWARDING: expected}


async def test_what_is_not_there_or_makes_no_sense_is_said(machine: Machine, parts: Any) -> None:
    machine.write("route", HEAD + BY.format("eth0", "x"))
    (machine.folder / "settings/ipv4/conf/all/forwarding").unlink()
    found = await parts()
    assert found["routes"].reason == "unreadable"
    assert found["forwarding"].reason == "no_source"
    (machine.folder / "route").unlink()
    assert (await parts())["routes"].reason == "no_source"


def test_second_cable_is_seen_in_a_real_kernel(in_namespace: Callable[[str], str]) -> None:
    out = in_namespace(
        "for n in 1 2; do ip link add up$n type veth peer name far$n; ip link set far$n up\n"
        "ip address add 10.$n.0.2/24 dev up$n; ip link set up$n up; done\n"
        "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0\n"
        "ip route add default via 10.1.0.1; probe posture_dual_homing\n"
        "ip route add default via 10.2.0.1 metric 50; sysctl -qw net.ipv4.conf.up1.forwarding=1\n"
        "probe posture_dual_homing\n"
    )
    one, two = (
        {r["labels"]["part"]: r["values"] for r in json.loads(line)} for line in out.splitlines()
    )
    assert one["routes"] == {"default_routes_count": 1, "networks_count": 1}
    assert two["routes"] == {"default_routes_count": 2, "networks_count": 2}
    assert (one["forwarding"]["ip_forwarding"], two["forwarding"]["ip_forwarding"]) == (0, 1)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.1", True), ("240e::5", True), ("fd00::1", True), ("fe80::1%以太网", False),
        ("169.254.1.1", False), ("127.0.0.1", False), ("0.0.0.0", False),
        ("aa:bb:cc:dd:ee:ff", False),
    ],
)  # fmt: skip
def test_address_reaches_out_or_not(address: str, expected: bool) -> None:
    assert reaches_out([address]) is expected


IPV4, IPV6, LUID_INDEX = 2, 23, 7 << 24
ETHERNET, WIFI, TUNNEL, LOOPBACK = 6, 71, 131, 24


def route(index: int, kind: int, *, family: int = IPV4, to: bytes = b"", length: int = 0) -> bytes:
    """A MIB_IPFORWARD_ROW2: LUID, index, prefix (28 bytes and its length), next hop, the rest."""
    at = 4 if family == IPV4 else 8
    address = (struct.pack("<H", family) + bytes(at - 2) + to).ljust(28, b"\0")
    hop = struct.pack("<H", family).ljust(28, b"\x01")
    row = struct.pack("<QI", kind << 48 | LUID_INDEX, index) + address + bytes([length, 0, 0, 0])
    return (row + hop).ljust(104, b"\x02")


def interface(kind: int, *, forwards: int = 0, family: int = IPV4) -> bytes:
    """A MIB_IPINTERFACE_ROW, of which the family, the LUID and ForwardingEnabled count."""
    row = bytearray(168)
    struct.pack_into("<H6xQ", row, 0, family, kind << 48 | LUID_INDEX)
    row[40], row[41], row[42] = 1, forwards, 1
    return bytes(row)


def table(*rows: bytes) -> bytes:
    return struct.pack("<II", len(rows), 0xAAAA) + b"".join(rows)


WIRED = route(5, ETHERNET)
LAN = route(5, ETHERNET, to=b"\xc0\xa8\x01\x00", length=24)
CLASS = "{4d36e972-e325-11ce-bfc1-08002be10318}"
DRIVER = rf"SYSTEM\CurrentControlSet\Control\Class\{CLASS}"
NETWORK = rf"SYSTEM\CurrentControlSet\Control\Network\{CLASS}"


class WindowsMachine:
    def __init__(self, fake: FakeWindows, machine: Machine) -> None:
        self.fake = fake
        self.machine = machine
        self.keys: dict[str, dict[str, object]] = {}
        self.tables = {"GetIpForwardTable2": table(WIRED, LAN), "GetIpInterfaceTable": table()}
        self.freed = 0
        self.error = 0
        self._kept: list[Any] = []
        for name in self.tables:
            fake.export("iphlpapi", **{name: self._getter(name)})
        fake.export("iphlpapi", FreeMibTable=self._free)

    def plug(
        self, name: str, *addresses: str, inf: str = "netrtwlane.inf", device: str = ""
    ) -> None:
        number = len(self.keys) // 2
        self.machine.addresses[name] = list(addresses)
        self.keys[rf"{DRIVER}\{number:04}"] = {
            "NetCfgInstanceId": f"{{{number}}}", "Characteristics": 0x84,
            "InfPath": inf, "MatchingDeviceId": device, "DriverDesc": "网卡",
        }  # fmt: skip
        self.keys[rf"{NETWORK}\{{{number}}}\Connection"] = {"Name": name}
        self.fake.have(self.keys)

    def _getter(self, name: str) -> Callable[[int, Any], int]:
        def get(family: int, out: Any) -> int:
            assert family == 0
            content = ctypes.create_string_buffer(self.tables[name], len(self.tables[name]))
            self._kept.append(content)
            out._obj.value = ctypes.addressof(content)
            return self.error

        return get

    def _free(self, pointer: Any) -> None:
        self.freed += 1


@pytest.fixture
def pc(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> WindowsMachine:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    found = WindowsMachine(FakeWindows(monkeypatch), machine)
    found.plug("以太网", "192.168.1.20", "fe80::9")
    return found


async def test_windows_on_one_cable_has_one_way_out(pc: WindowsMachine, parts: Any) -> None:
    found = await parts()
    assert found["routes"].values == {DEFAULT_ROUTES: 1, NETWORKS: 1}
    assert found["tether"].values == {PHONE_TETHER: 0}
    assert found["forwarding"].values == {IP_FORWARDING: 0}
    assert pc.freed == 2


async def test_wifi_on_windows_is_a_second_way_out(pc: WindowsMachine, parts: Any) -> None:
    pc.plug("WLAN", "172.20.10.4")
    pc.machine.addresses["vEthernet (默认开关)"] = ["172.30.0.1"]
    pc.tables["GetIpForwardTable2"] = table(
        WIRED, route(5, ETHERNET, family=IPV6), route(9, WIFI), route(2, TUNNEL, family=IPV6),
        route(1, LOOPBACK), route(6, ETHERNET, length=1),
        route(9, WIFI, family=IPV6, to=b"\x20\x01", length=0), LAN,
    )  # fmt: skip
    assert (await parts())["routes"].values == {DEFAULT_ROUTES: 2, NETWORKS: 2}


@pytest.mark.parametrize(
    ("inf", "device", "expected"),
    [
        ("netrndis.inf", r"usb\class_e0&subclass_01&prot_03", 1),
        ("oem17.inf", r"USB\MS_COMP_RNDIS&MS_SUBCOMP_5162001", 1),
        ("oem21.inf", r"usb\vid_05ac&pid_12a8&mi_01", 1),
        ("netaapl64.inf", "", 1),
        ("bthpan.inf", r"bth\ms_bthpan", 1),
        ("oem3.inf", r"usb\vid_05ac&pid_1402", 0),
        ("oem4.inf", r"usb\vid_0bda&pid_8153", 0),
        ("netrtwlane.inf", r"pci\ven_10ec&dev_c852", 0),
    ],
)
async def test_phone_on_windows_is_known_by_its_driver(
    inf: str, device: str, expected: int, pc: WindowsMachine, parts: Any
) -> None:
    pc.plug("以太网 2", "192.168.42.7", inf=inf, device=device)
    assert (await parts())["tether"].values == {PHONE_TETHER: expected}
    pc.machine.down.add("以太网 2")
    assert (await parts())["tether"].values == {PHONE_TETHER: 0}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([interface(ETHERNET), interface(WIFI, family=IPV6)], 0),
        ([interface(ETHERNET), interface(WIFI, forwards=1)], 1),
        ([interface(ETHERNET, forwards=1, family=IPV6)], 1),
        ([interface(LOOPBACK, forwards=1), interface(TUNNEL, forwards=1)], 0),
    ],
)
async def test_forwarding_on_windows_is_what_each_interface_does(
    rows: list[bytes], expected: int, pc: WindowsMachine, parts: Any
) -> None:
    pc.tables["GetIpInterfaceTable"] = table(*rows)
    assert (await parts())["forwarding"].values == {IP_FORWARDING: expected}


async def test_windows_that_does_not_answer_is_not_known(
    pc: WindowsMachine, parts: Any, measure: Measure
) -> None:
    pc.error = 87
    found = await parts()
    assert found["routes"].reason == found["forwarding"].reason == "unreadable"
    pc.error = 0
    pc.fake.have({})
    readings = await measure(PostureDualHoming(NoSettings()))
    reasons = {(r.labels["part"], r.reason) for r in readings}
    assert {("routes", "no_source"), ("tether", "no_source")} <= reasons


@pytest.mark.parametrize("data", [b"", b"\x01\0\0", table(WIRED)[:-1], struct.pack("<II", 9, 0)])
def test_table_that_is_too_short_is_an_error_and_not_an_empty_one(data: bytes) -> None:
    with pytest.raises(ValueError, match="table"):
        windows.default_routes(data)
    with pytest.raises(ValueError, match="table"):
        windows.forwards(data[:-1])


@given(st.binary(max_size=400))
def test_any_table_gives_an_answer_or_the_declared_error(data: bytes) -> None:
    with suppress(ValueError):
        assert len(windows.default_routes(data)) >= 0
    with suppress(ValueError):
        assert windows.forwards(data) in (True, False)


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from([ETHERNET, WIFI, TUNNEL, LOOPBACK]))))
def test_ways_out_are_the_cards_with_a_default_route(rows: list[tuple[int, int]]) -> None:
    found = windows.default_routes(table(*(route(index, kind) for index, kind in rows), LAN))
    assert found == {index for index, kind in rows if kind in (ETHERNET, WIFI)}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_words_of_a_driver_give_an_answer(inf: str, device: str) -> None:
    assert windows.is_phone(inf, device) in (True, False)


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureDualHoming(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureDualHoming)
