"""What the shell pusher measures reaches a school's page, once and not twice."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
from functools import partial
from itertools import count
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.agent.shell.router import SCHOOL, SCRIPT, County, Gateway
from tests.durability.processes import wait_until

pytestmark = [pytest.mark.long, pytest.mark.server("busybox", "curl")]

SHELLS = [
    "busybox",
    pytest.param(
        "dash", marks=pytest.mark.skipif(not shutil.which("dash"), reason="needs dash")
    ),
]  # fmt: skip


def carry(bytes_: int) -> None:
    """Send so much over the loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        far.bind(("127.0.0.1", 0))
        for _ in range(bytes_ // 50_000):
            near.sendto(bytes(50_000), far.getsockname())


def is_there(county: County, agent: str, metric: str, times: int) -> bool:
    return county.count(metric, agent) == times


@pytest.mark.parametrize("shell", SHELLS)
def test_school_page_and_api_show_a_gateway_without_python(
    shell: str, county: County, tmp_path: Path
) -> None:
    county.line.mode = "pass"
    gateway = Gateway(tmp_path, shell)
    done = gateway("enrol", county.string)
    assert "示范小学" in done.stdout
    assert stat.S_IMODE((gateway.state / "identity").stat().st_mode) == 0o600
    gateway.configure(ECHOES=2, SHAKES=2)
    gateway.push()
    carry(20_000_000)
    gateway.push()
    agent = gateway.agent
    # Each probe's readings become visible by themselves.
    for metric, times in (
        ("uptime.uptime_seconds", 2),
        ("interface_rate.received_bits_per_second", 1),
        ("interface_rate.link_up", 2),
        ("icmp_echo.reachable", 2),
        ("tcp_connect.reachable", 2),
    ):
        wait_until(partial(is_there, county, agent, metric, times), metric)

    where = f"agent:{agent}"
    (rate,) = county.query(
        "interface_rate.received_bits_per_second", statistic="max", by="interface", where=where
    )
    assert rate["interface"] == "lo"
    assert 8 * 20_000_000 / 30 < rate["value"] < 1e12  # both runs took less than half a minute
    (uptime,) = county.query("uptime.uptime_seconds", statistic="max", where=where)
    up = float(Path("/proc/uptime").read_text().split()[0])
    assert up - 30 < uptime["value"] <= up
    for metric in (
        "icmp_echo.rtt_seconds_median",
        "icmp_echo.delay_variation_seconds_mean",
        "tcp_connect.handshake_seconds_median",
    ):
        (delay,) = county.query(metric, by="target", where=where)
        assert delay["target"] == "collector"
        assert 0 <= delay["value"] < 1, metric
    assert county.query("icmp_echo.reachable", where=where)[0]["value"] == 1
    assert county.query("interface_rate.link_up", where=where)[0]["value"] == 1

    with urlopen(f"http://127.0.0.1:{county.port}/schools/{SCHOOL}") as answer:
        page = answer.read().decode()
    for word in ("interface_rate", "uptime", "icmp_echo", "tcp_connect", "banjun-push 1", agent):
        assert word in page


def test_nothing_is_lost_or_doubled_when_the_collector_goes_away(
    county: County, enrolled: Gateway
) -> None:
    runs = count(1)

    def run(mode: str) -> int:
        county.line.mode = mode
        next(runs)
        return enrolled("push").returncode

    assert run("pass") == 0
    for mode in ("cut", "portal", "busy", "swallow"):
        assert run(mode) == 1, mode
    assert len(enrolled.waiting) == 4  # `swallow` was stored, but the pusher cannot know
    before = [path.read_bytes() for path in enrolled.waiting]
    county.stop()
    assert run("pass") == 1
    assert [path.read_bytes() for path in enrolled.waiting][:4] == before  # never changed
    county.start()
    assert run("pass") == 0
    assert enrolled.waiting == []
    made = next(runs) - 1
    wait_until(lambda: county.count("uptime.uptime_seconds", enrolled.agent) >= made, "all of it")
    assert county.count("uptime.uptime_seconds", enrolled.agent) == made
    assert county.lost(enrolled.agent) == 0
    assert not (enrolled.spool / "dead").exists()


def test_what_the_bounded_spool_drops_is_told_as_a_gap(county: County, enrolled: Gateway) -> None:
    enrolled.configure(KEEP=2)
    county.line.mode = "cut"
    for _ in range(4):
        enrolled("push")
    kept = enrolled.waiting
    assert [int(path.name.split("-")[0]) for path in kept] == [2, 3]  # the oldest went
    county.line.mode = "pass"
    enrolled.push()
    assert county.lost(enrolled.agent) == 3 * 4  # of the three runs that two newer ones followed
    assert "12" in enrolled("status").stdout
    enrolled.push()
    assert county.lost(enrolled.agent) == 12


def test_backlog_is_delivered_in_several_pushes(county: County, enrolled: Gateway) -> None:
    county.line.mode = "cut"
    enrolled("push")
    (first,) = enrolled.waiting
    batch = json.loads(first.read_text())
    for seq in range(1, 40):
        name = first.name.replace("0000000000", f"{seq:010}", 1)
        first.with_name(name).write_text(json.dumps(batch | {"seq": seq}))
    (enrolled.spool / "seq").write_text("40\n")
    county.line.mode, county.line.pushes = "pass", 0
    enrolled.push()
    assert enrolled.waiting == []
    assert county.line.pushes >= 3


def test_batch_that_is_refused_is_set_aside_and_the_others_go_on(
    county: County, enrolled: Gateway
) -> None:
    county.line.mode = "cut"
    enrolled("push")
    enrolled("push")
    first, second = enrolled.waiting
    second.write_text(second.read_text().replace("uptime_seconds", "no_such_metric"))
    first.write_text("this is no JSON")
    county.line.mode = "pass"
    done = enrolled("push")
    assert done.returncode == 0
    assert enrolled.waiting == []
    assert {path.name for path in (enrolled.spool / "dead").iterdir()} == {first.name, second.name}
    assert "HTTP 400" in done.stderr
    assert "no_such_metric" in done.stderr


def test_cron_waits_as_long_as_a_busy_collector_asks(county: County, enrolled: Gateway) -> None:
    identity = (enrolled.state / "identity").read_text()
    agent = enrolled.agent
    # An agent of whose number nothing is left has its second at once: 1 modulo 40.
    text = identity.replace(f"# agent={agent}", "# agent=abc")
    (enrolled.state / "identity").write_text(text)
    county.line.mode = "busy"
    assert enrolled("cron").returncode == 1
    until = int((enrolled.spool / "not-before").read_text().split()[0])
    assert until >= float(Path("/proc/uptime").read_text().split()[0]) + 110
    county.line.pushes = 0
    assert enrolled("cron").returncode == 0
    assert (county.line.pushes, len(enrolled.waiting)) == (0, 2)


def test_sequence_goes_on_and_a_damaged_one_begins_a_new_session(lonely: Gateway) -> None:
    lonely("push")
    lonely("push")
    (lonely.spool / "seq").write_text("\x00\x00\n")
    lonely("push")
    batches = [json.loads(path.read_text()) for path in lonely.waiting]
    keys = {(batch["session"], batch["seq"]) for batch in batches}
    assert sorted(seq for _, seq in keys) == [0, 0, 1]
    assert len({session for session, _ in keys}) == 2


def test_two_runs_at_once_are_one_and_a_dead_ones_lock_is_none(lonely: Gateway) -> None:
    (lonely.spool / "lock").mkdir(parents=True)
    lonely.spool.chmod(0o700)
    (lonely.spool / "lock" / "pid").write_text(f"{2**22 + 1}\n")  # beyond any process
    lonely("push")
    assert len(lonely.waiting) == 1
    with subprocess.Popen(["sh", "-c", "read _; : banjun-push"], stdin=subprocess.PIPE) as other:
        (lonely.spool / "lock").mkdir()
        (lonely.spool / "lock" / "pid").write_text(f"{other.pid}\n")
        done = lonely("push")
        assert (done.returncode, "goes on" in done.stderr) == (1, True)
        assert len(lonely.waiting) == 1
        other.communicate(b"\n")


@pytest.mark.root
def test_spool_that_belongs_to_somebody_else_is_not_used(lonely: Gateway) -> None:
    lonely.spool.mkdir()
    os.chown(lonely.spool, 12345, 12345)
    assert lonely("push").returncode == 2
    assert list(lonely.spool.iterdir()) == []


def test_script_is_clean_to_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("needs shellcheck")
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
