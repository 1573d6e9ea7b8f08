"""Against a real systemd-networkd with a real dnsmasq, and what other clients leave behind."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from probes.cards import Card, Medium
from probes.instruments import dhcp_lease
from probes.instruments.dhcp_lease import LEFT_SECONDS, DhcpLease
from probes.leases import networkd
from probes.metrics import SEEN
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import NAMESPACE_TOOLS, ROOT, Measure
from tests.probes.leases.test_windows import BY_DHCP, machine

NETWORKD = "/lib/systemd/systemd-networkd"
NETWORKD_FILE = """ADDRESS=10.0.0.5
ROUTER=10.0.0.1
SERVER_ADDRESS=10.0.0.2
LIFETIME=3600
DNS=10.0.0.1 10.0.0.3
"""
DHCLIENT_FILE = """lease {{
  interface "lo";
  fixed-address 10.0.0.5;
  option dhcp-server-identifier 10.0.0.9;
  expire epoch {0:.0f};
}}
"""


def card(*addresses: str, name: str = "lo", up: bool = True, hardware: bool = True) -> Card:
    return Card(name, "02:00:00:00:00:05", addresses, Medium.WIRED, hardware, up)


class Pc:
    """A Linux with these cards, and with the files that a test writes."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(dhcp_lease, "ROOT", root)
        self.have(card("10.0.0.5"))

    def have(self, *cards: Card) -> None:
        self._monkeypatch.setattr(dhcp_lease, "cards", lambda: list(cards))

    def networkd(self, text: str = NETWORKD_FILE, age: float = 600) -> Path:
        index = socket.if_nametoindex("lo")
        path = self.write(networkd.FOLDER / str(index), text)
        os.utime(path, (time.time() - age,) * 2)
        return path

    def write(self, path: str | Path, text: str) -> Path:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        return self.root / path


@pytest.fixture
def pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_programs: Callable[..., None]) -> Pc:
    return Pc(tmp_path / "root", monkeypatch)


async def look(measure: Measure) -> Sequence[Reading]:
    return await measure(DhcpLease(NoSettings()))


async def test_lease_is_seen_with_what_is_left_of_it(pc: Pc, measure: Measure) -> None:
    pc.networkd()
    (reading,) = await look(measure)
    assert reading.labels == {
        "interface": "lo", "server": "10.0.0.2", "router": "10.0.0.1",
        "resolvers": "10.0.0.1 10.0.0.3",
    }  # fmt: skip
    assert reading.values[SEEN] == 1
    assert reading.values[LEFT_SECONDS] == pytest.approx(3000, abs=5)


async def test_static_address_has_no_lease(pc: Pc, measure: Measure) -> None:
    (reading,) = await look(measure)
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "no_lease")
    assert reading.labels["server"] == "-"


async def test_lease_of_another_address_is_an_old_one(pc: Pc, measure: Measure) -> None:
    pc.networkd(NETWORKD_FILE.replace("10.0.0.5", "10.0.0.77"))
    (reading,) = await look(measure)
    assert reading.reason == "no_lease"


async def test_lease_in_a_file_that_is_over_is_not_current(pc: Pc, measure: Measure) -> None:
    path = pc.write("var/lib/dhcp/dhclient.leases", DHCLIENT_FILE.format(time.time() - 5))
    (reading,) = await look(measure)
    assert (reading.outcome, reading.reason, reading.values) == (Outcome.NOT_RUN, "expired", {})
    path.write_text(DHCLIENT_FILE.format(time.time() + 500))
    (reading,) = await look(measure)
    assert reading.labels["server"] == "10.0.0.9"
    assert reading.values[LEFT_SECONDS] == pytest.approx(500, abs=5)


async def test_wrong_clock_does_not_hide_a_lease_that_is_kept_up(pc: Pc, measure: Measure) -> None:
    """The clock of the PC was set forward by years after it got its address."""
    pc.networkd(age=8e8)
    (reading,) = await look(measure)
    assert (reading.labels["server"], reading.values) == ("10.0.0.2", {SEEN: 1})


async def test_client_that_keeps_its_lease_up_goes_before_files(pc: Pc, measure: Measure) -> None:
    pc.write("var/lib/dhcp/dhclient.leases", DHCLIENT_FILE.format(time.time() + 500))
    pc.networkd()
    (reading,) = await look(measure)
    assert reading.labels["server"] == "10.0.0.2"


async def test_source_that_may_not_be_read_is_not_a_static_address(
    pc: Pc, measure: Measure, fake_programs: Callable[..., None]
) -> None:
    fake_programs("ubus", errors="Command failed: Access denied\n", code=6)
    (reading,) = await look(measure)
    assert reading.reason == "no_privilege"
    pc.networkd("ADDRESS=10.0.0.5\nLIFETIME=soon\n")
    fake_programs("ubus", output='{"interface": []}')
    (reading,) = await look(measure)
    assert reading.reason == "unreadable"


async def test_each_card_with_an_address_counts_and_nothing_else(pc: Pc, measure: Measure) -> None:
    pc.networkd()
    pc.have(
        card("10.0.0.5"), card("192.168.1.5", name="eth1"), card("fd00::1", name="eth2"),
        card("169.254.3.4", name="eth3"), card("10.0.1.5", name="eth4", up=False),
        card("172.17.0.1", name="docker0", hardware=False),
    )  # fmt: skip
    assert [(r.labels["interface"], r.reason) for r in await look(measure)] == [
        ("lo", ""), ("eth1", "no_lease"),
    ]  # fmt: skip


async def test_machine_without_an_address_says_so(pc: Pc) -> None:
    pc.have(card("fe80::1"))
    with pytest.raises(ProbeError) as caught:
        await DhcpLease(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "no_address"


async def test_lease_of_a_windows_pc_is_seen(
    pc: Pc, windows: FakeWindows, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    machine(windows, 以太网={**BY_DHCP, "LeaseTerminatesTime": int(time.time()) + 900})
    pc.have(card("192.168.1.23", name="以太网"), card("10.0.0.5", name="WLAN"))
    wired, wireless = await look(measure)
    assert wired.labels["server"] == "192.168.1.1"
    assert wired.values[LEFT_SECONDS] == pytest.approx(900, abs=5)
    assert wireless.reason == "no_lease"


async def test_other_systems_are_not_supported_yet(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await DhcpLease(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


# A network of dnsmasq behind a cable, and a systemd-networkd that asks it. The mounts are of the
# namespace: networkd finds no udev where /sys is read-only, and none of the machine's own state. It
# names itself by its card, since a fresh container may have no machine id, which it waits for.
REAL = f"""
umask 022  # networkd drops its rights
ip link set lo up
server=; client=
unshare -n sleep 60 & far=$!
trap 'kill $far $server $client' EXIT
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
ip link add here type veth peer name there
ip link set there netns $far
inside="nsenter -t $far -n"
$inside ip address add 10.9.0.1/24 dev there; $inside ip link set there up; ip link set here up
$inside dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file --port=0 --interface=there \\
  --bind-interfaces --dhcp-range=10.9.0.50,10.9.0.60,1h --dhcp-option=option:router,10.9.0.1 \\
  --dhcp-option=option:dns-server,10.9.0.3,10.9.0.4 --leasefile-ro --no-ping --user=root & server=$!
until $inside grep -qs ':0043 ' /proc/net/udp; do sleep 0.05; done
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount --bind /sys /sys; mount -o remount,ro,bind /sys
mkdir -p /run/systemd/network /run/systemd/netif/leases /run/systemd/netif/links
chown -R systemd-network /run/systemd/netif
printf '%s\\n' '[Match]' Name=here '[Network]' DHCP=ipv4 LinkLocalAddressing=no \\
  '[DHCPv4]' ClientIdentifier=mac >/run/systemd/network/10-here.network
SYSTEMD_LOG_TARGET=console {NETWORKD} & client=$!
until grep -qs LIFETIME /run/systemd/netif/leases/* && ip -4 address show here | grep -q inet
do sleep 0.05; done
"$PYTHON" -c '
import sys
from probes.dual_homing import linux
from probes.__main__ import main
linux.is_hardware = lambda name: name == "here"  # a cable of the kernel is no card
sys.exit(main(["run", "--json", "dhcp_lease"]))'
"""


@pytest.mark.root
@pytest.mark.server("dnsmasq")
def test_lease_that_networkd_got_from_dnsmasq_is_seen() -> None:
    if missing := [name for name in NAMESPACE_TOOLS if shutil.which(name) is None]:
        pytest.skip(f"needs {', '.join(missing)}")
    if not Path(NETWORKD).exists():
        pytest.skip("needs systemd-networkd (apt install systemd)")
    done = subprocess.run(
        ["timeout", "60", "unshare", "-n", "-m", "sh", "-euc", REAL],  # ends all of them
        capture_output=True, text=True, timeout=90, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = (text for text in done.stdout.splitlines() if text.startswith("[{"))
    (reading,) = json.loads(line)
    assert reading["labels"] == {
        "interface": "here", "server": "10.9.0.1", "router": "10.9.0.1",
        "resolvers": "10.9.0.3 10.9.0.4",
    }  # fmt: skip
    assert 3500 < reading["values"]["left_seconds"] <= 3600


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(DhcpLease)
