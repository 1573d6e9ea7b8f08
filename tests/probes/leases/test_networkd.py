from __future__ import annotations

import os
from pathlib import Path

import pytest

from probes.leases import networkd
from probes.leases.model import Lease

# As systemd 252 wrote it for an address of dnsmasq.
FILE = """# This is private data. Do not parse.
ADDRESS=10.9.0.59
NETMASK=255.255.255.0
ROUTER=10.9.0.1
SERVER_ADDRESS=10.9.0.2
NEXT_SERVER=10.9.0.2
BROADCAST=10.9.0.255
T1=1800
T2=3150
LIFETIME=3600
DNS=10.9.0.1 10.9.0.3
HOSTNAME=vm
CLIENTID=ff4d7b7ad900020000ab110033bdebf95e192c
"""


def test_lease_ends_so_long_after_its_file_was_written() -> None:
    assert networkd.parse(FILE, "eth0", 1000) == Lease(
        interface="eth0", address="10.9.0.59", server="10.9.0.2", routers=("10.9.0.1",),
        resolvers=("10.9.0.1", "10.9.0.3"), ends=4600,
    )  # fmt: skip


def test_file_of_a_link_is_read_and_one_of_a_link_that_is_gone_is_not(tmp_path: Path) -> None:
    folder = tmp_path / networkd.FOLDER
    folder.mkdir(parents=True)
    for name in ("1", "999999", "1.tmp"):
        (folder / name).write_text(FILE)
    os.utime(folder / "1", (1000, 1000))
    (found,) = networkd.leases(tmp_path)
    assert (found.interface, found.ends) == ("lo", 4600)
    assert list(networkd.leases(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600), ("1h", 3600), ("1h 30min", 5400), ("59min 59s", 3599), ("1d 2h", 93_600),
        ("1w", 604_800), ("infinity", None), ("4294967295", None), ("", None),
    ],
)  # fmt: skip
def test_length_is_written_in_several_ways(text: str, seconds: float | None) -> None:
    assert networkd.seconds(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "1 fortnight", "٣"])
def test_length_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="LIFETIME"):
        networkd.seconds(text)


def test_file_without_an_address_is_no_lease() -> None:
    assert networkd.parse("ADDRESS=0.0.0.0\n", "eth0", 0) is None
    assert networkd.parse("", "eth0", 0) is None
