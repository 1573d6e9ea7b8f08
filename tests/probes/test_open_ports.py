from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from probes import listening
from probes.instruments.open_ports import (
    EXPOSED_PORTS_COUNT,
    LISTENING_PORTS_COUNT,
    UNEXPECTED,
    UNEXPECTED_PORTS_COUNT,
    OpenPorts,
    Settings,
)
from probes.listening import Port, Socket, parse_table
from probes.model import LOCAL, ProbeError, Reading, SettingError, parse_settings
from tests.probes.conftest import Measure

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
SSH = "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
CUPS = "   1: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
CLIENT = "   2: 0A01A8C0:D431 0101A8C0:01BB 01 00000000:00000000 00:00000000 00000000     0\n"
MAPPED = (
    "   0: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0\n"
)
MDNS = "  10: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   101\n"
BROWSER = "  11: 00000000:C350 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000\n"
QUIC = "  12: 0A01A8C0:14EA 08080808:01BB 01 00000000:00000000 00:00000000 00000000  1000\n"


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A machine whose kernel shows only these sockets."""
    monkeypatch.setattr(listening, "PROC_NET", tmp_path)

    def write(**lines: str) -> Path:
        for name, text in lines.items():
            (tmp_path / name).write_text(HEAD + text)
        return tmp_path

    return write


@pytest.fixture
def listeners() -> Iterator[dict[str, int]]:
    """Real sockets: TCP open to all over both versions, TCP for this machine only, UDP below the
    clients' range."""
    with ExitStack() as stack:

        def bound(family: int, kind: int, address: str, port: int = 0) -> socket.socket:
            made = stack.enter_context(socket.socket(family, kind))
            made.bind((address, port))
            if kind == socket.SOCK_STREAM:
                made.listen()
            return made

        everyone = bound(socket.AF_INET, socket.SOCK_STREAM, "0.0.0.0")
        own = bound(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1")
        low = next(p for p in range(20_000, 20_100) if _is_free(p))
        bound(socket.AF_INET, socket.SOCK_DGRAM, "0.0.0.0", low)
        yield {"everyone": everyone.getsockname()[1], "own": own.getsockname()[1], "udp": low}


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        try:
            made.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def totals(readings: list[Reading]) -> dict[Any, float]:
    (found,) = (r for r in readings if r.labels["port"] == "all")
    return dict(found.values)


def listed(readings: list[Reading]) -> list[str]:
    rows = (r.labels for r in readings if r.labels["port"] != "all")
    return [f"{labels['protocol']}/{labels['port']}" for labels in rows]


async def test_real_listener_is_seen_and_told_from_one_for_this_machine_only(
    listeners: dict[str, int], measure: Measure
) -> None:
    readings = await measure(OpenPorts(Settings(maximum_listed=50)))
    assert f"tcp/{listeners['everyone']}" in listed(readings)
    assert f"udp/{listeners['udp']}" in listed(readings)
    assert f"tcp/{listeners['own']}" not in listed(readings)
    assert totals(readings)[LISTENING_PORTS_COUNT] > totals(readings)[EXPOSED_PORTS_COUNT]
    assert {r.labels["source"] for r in readings} <= {"proc", "psutil"}
    assert {r.labels["privilege"] for r in readings} <= {"user", "admin"}


async def test_port_on_the_list_is_expected(listeners: dict[str, int], measure: Measure) -> None:
    named = f"tcp/{listeners['everyone']}"
    assert named in listed(await measure(OpenPorts(Settings(maximum_listed=50))))
    settings = Settings(maximum_listed=50, allowed=f"udp/9 {named}")
    assert named not in listed(await measure(OpenPorts(settings)))


def test_both_ways_of_asking_agree_on_this_machine(listeners: dict[str, int]) -> None:
    mine = {Port("tcp", listeners["everyone"]), Port("tcp", listeners["own"])}
    assert mine <= {s.port for s in listening._from_psutil()} & {
        s.port for s in listening._from_proc()
    }


async def test_clients_and_their_ports_are_no_listeners(
    tables: Callable[..., Path], measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tables(tcp=SSH + CUPS + CLIENT, udp=MDNS + BROWSER + QUIC)
    (folder / "range").write_text("32768\t60999\n")
    monkeypatch.setattr(listening, "EPHEMERAL", folder / "range")
    readings = await measure(OpenPorts(Settings()))
    assert listed(readings) == ["tcp/22", "udp/5353"]
    assert totals(readings) == {
        LISTENING_PORTS_COUNT: 3,
        EXPOSED_PORTS_COUNT: 2,
        UNEXPECTED_PORTS_COUNT: 2,
    }


async def test_list_is_bounded_but_the_count_is_not(
    tables: Callable[..., Path], measure: Measure
) -> None:
    rows = (SSH.replace(":0016", f":{port:04X}") for port in range(1000, 1030))
    tables(tcp="".join(rows))
    readings = await measure(OpenPorts(Settings(maximum_listed=4)))
    assert listed(readings) == ["tcp/1000", "tcp/1001", "tcp/1002", "tcp/1003"]
    assert totals(readings)[UNEXPECTED_PORTS_COUNT] == 30
    assert readings[-1].values == {UNEXPECTED: 1}


def test_mapped_loopback_is_loopback() -> None:
    (found,) = parse_table(HEAD + MAPPED, "tcp")
    assert found == Socket(Port("tcp", 8080), ip_address("::ffff:127.0.0.1"))
    assert found.loopback


def test_machine_without_ipv6_is_read(tables: Callable[..., Path]) -> None:
    tables(tcp=SSH, udp="")
    assert [str(s.port) for s in listening.sockets()] == ["tcp/22"]


async def test_table_that_makes_no_sense_is_unreadable(tables: Callable[..., Path]) -> None:
    tables(tcp="nonsense\n")
    with pytest.raises(ProbeError) as caught:
        await OpenPorts(Settings()).measure(LOCAL)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("word", ["22", "tcp/0", "tcp/65536", "sctp/5", "tcp/ssh"])
def test_list_with_something_that_is_no_port_is_refused(word: str) -> None:
    with pytest.raises(SettingError, match=word):
        parse_settings(Settings, {"allowed": f"tcp/22 {word}"}, "open_ports")


@pytest.mark.root
def test_listener_over_ipv6_in_a_namespace_is_seen(in_namespace: Callable[[str], str]) -> None:
    out = in_namespace(
        '"$PYTHON" -c \'import socket, time\n'
        "s = socket.create_server((str(), 2323), family=socket.AF_INET6)\ntime.sleep(20)' &\n"
        "until grep -q 0913 /proc/net/tcp6; do sleep 0.05; done\n"
        "probe open_ports\nkill $!\n"
    )
    rows = json.loads(out)
    assert [(r["labels"]["protocol"], r["labels"]["port"]) for r in rows] == [
        ("all", "all"),
        ("tcp", "2323"),
    ]


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(OpenPorts)
