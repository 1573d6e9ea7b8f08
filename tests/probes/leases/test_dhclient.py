from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from probes.leases import dhclient
from probes.leases.model import Lease

FILE = """# The format of this file is documented in the dhclient.leases(5) manual page.
default-duid "\\000\\001;}\\000";
lease {
  interface "eth0";
  fixed-address 10.0.0.5;
  option routers 10.0.0.1;
  option dhcp-server-identifier 10.0.0.1;
  expire 3 2026/11/18 08:00:00;
}
lease {
  interface "eth0";
  fixed-address 10.0.0.5;
  filename "a;b}";
  option subnet-mask 255.255.255.0;
  option routers 10.0.0.1;
  option domain-name-servers 10.0.0.1,10.0.0.3, 223.5.5.5;
  option dhcp-server-identifier 10.0.0.2;
  renew 1 2026/11/23 20:00:00;
  expire 2 2026/11/24 08:00:00;
}
lease {
  interface "wlan0";
  fixed-address 10.0.8.9;
  expire epoch 1795766400; # Tue Nov 24 16:00:00 2026
}
"""
ENDS = datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp()


def test_last_lease_of_an_address_counts(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dhcp").mkdir(parents=True)
    (tmp_path / "var/lib/dhcp/dhclient.leases").write_text(FILE)
    (tmp_path / "var/lib/dhcp/dhclient6.leases").write_text('lease6 {\n interface "eth0";\n}\n')
    wired, wireless = dhclient.leases(tmp_path)
    assert wired == Lease(
        interface="eth0", address="10.0.0.5", server="10.0.0.2", routers=("10.0.0.1",),
        resolvers=("10.0.0.1", "10.0.0.3", "223.5.5.5"), ends=ENDS, kept_up=False,
    )  # fmt: skip
    assert (wireless.interface, wireless.ends, wireless.server) == ("wlan0", 1795766400, "")


def test_lease_that_never_ends_has_no_end() -> None:
    (found,) = dhclient.parse(
        'lease {\n  interface "e";\n  fixed-address 10.0.0.5;\n  expire never;\n}\n'
    )
    assert found.ends is None


@given(st.text(max_size=200), st.sampled_from(["", FILE]))
def test_any_file_is_read_to_its_end(text: str, before: str) -> None:
    with suppress(StopIteration):
        assert all(lease.address for lease in dhclient.parse(before + text))
