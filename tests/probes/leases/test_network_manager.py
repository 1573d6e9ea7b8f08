from __future__ import annotations

from collections.abc import Callable

import pytest

from probes.leases import network_manager
from probes.leases.model import Lease
from probes.model import ProbeError

# The terse form of nmcli, of a card with a lease, one without, and one with neither.
SHOWN = """GENERAL.DEVICE:enp3s0
DHCP4.OPTION[1]:dhcp_client_identifier = 01:00:e0:4c:68:00:01
DHCP4.OPTION[2]:dhcp_lease_time = 86400
DHCP4.OPTION[3]:dhcp_server_identifier = 192.168.1.1
DHCP4.OPTION[4]:domain_name = lan
DHCP4.OPTION[5]:domain_name_servers = 192.168.1.1 223.5.5.5
DHCP4.OPTION[6]:expiry = 1795766400
DHCP4.OPTION[7]:ip_address = 192.168.1.23
DHCP4.OPTION[8]:requested_routers = 1
DHCP4.OPTION[9]:routers = 192.168.1.1

GENERAL.DEVICE:wlp2s0

GENERAL.DEVICE:lo
"""


async def test_lease_is_what_nmcli_shows(fake_programs: Callable[..., None]) -> None:
    fake_programs("nmcli", SHOWN)
    assert await network_manager.leases() == [
        Lease(
            interface="enp3s0", address="192.168.1.23", server="192.168.1.1",
            routers=("192.168.1.1",), resolvers=("192.168.1.1", "223.5.5.5"), ends=1795766400,
        )
    ]  # fmt: skip


async def test_machine_without_it_has_no_such_lease(fake_programs: Callable[..., None]) -> None:
    assert await network_manager.leases() == []
    fake_programs("nmcli", errors="Error: NetworkManager is not running.\n", code=8)
    assert await network_manager.leases() == []


async def test_refusal_is_not_an_absent_lease(fake_programs: Callable[..., None]) -> None:
    fake_programs("nmcli", errors="Error: permission denied.\n", code=1)
    with pytest.raises(ProbeError) as caught:
        await network_manager.leases()
    assert caught.value.reason == "no_privilege"


def test_lease_that_never_ends_has_no_end() -> None:
    endless = SHOWN.replace("expiry = 1795766400", "expiry = never")
    assert next(network_manager.parse(endless)).ends is None
