"""What the shell pusher measures, as it lies in the spool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.shell.router import Gateway
from tests.durability.processes import free_port

pytestmark = [pytest.mark.long, pytest.mark.server("busybox", "curl")]


def test_failing_targets_are_readings_and_our_own_faults_are_not(lonely: Gateway) -> None:
    closed = free_port()
    lonely.configure(
        PING="nowhere=no-such-host.invalid",
        TCP=f"closed=127.0.0.1:{closed} nowhere=no-such-host.invalid:443",
    )
    found = lonely.measured()
    assert found["icmp_echo", "collector"].values["reachable"] == 1
    assert found["tcp_connect", "closed"].outcome == "failed"
    assert found["tcp_connect", "closed"].reason == "refused"
    assert found["tcp_connect", "closed"].values == {"reachable": 0, "loss_ratio": 0}
    for probe in ("icmp_echo", "tcp_connect"):
        assert found[probe, "nowhere"].outcome == "not_run"
        assert found[probe, "nowhere"].reason == "unresolved"


def test_rates_are_absent_at_first_and_after_a_reset(lonely: Gateway) -> None:
    first = lonely.measured()["interface_rate", "local"]
    assert first.values == {"link_up": 1}
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    lonely.waiting[0].unlink()
    (lonely.spool / "counters.lo").write_text(f"{boot} 1.00 {2**62} 0 0 0\n")
    assert lonely.measured()["interface_rate", "local"].values == {"link_up": 1}
    lonely.waiting[0].unlink()
    assert "received_bits_per_second" in lonely.measured()["interface_rate", "local"].values


def test_counters_of_another_boot_make_no_rate(lonely: Gateway) -> None:
    lonely.spool.mkdir(mode=0o700)
    (lonely.spool / "counters.lo").write_text("another-boot 1.00 0 0 0 0\n")
    assert lonely.measured()["interface_rate", "local"].values == {"link_up": 1}


def test_line_that_is_gone_is_not_a_rate_of_zero(lonely: Gateway) -> None:
    lonely.configure(WAN="pppoe-wan")
    record = lonely.measured()["interface_rate", "local"]
    assert (record.outcome, record.reason, record.values) == ("not_run", "no_source", {})


def test_names_are_escaped(lonely: Gateway) -> None:
    lonely.configure(TCP='平台"\\=127.0.0.1:9')
    assert ("tcp_connect", '平台"\\') in lonely.measured()
