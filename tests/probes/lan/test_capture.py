"""Capture files, good and broken, as a technician hands them in."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, wrpcap

from probes.lan import capture
from probes.text import BanjunError
from tests.lab.programs import ROOT
from tests.probes.lan import built
from tests.probes.lan.built import ONE, OTHER

FRAMES = [
    built.request("10.0.0.1", ONE),
    built.reply("10.0.0.1", OTHER),
    built.request("10.0.0.1", ONE),
    built.advert(mac=OTHER, source="fe80::1", lifetime=0),
    built.dhcp(mac=OTHER, more=(("router", "10.0.0.66"),)),
    built.advert(hops=3),
]
PACKETS = [Ether(frame) for frame in FRAMES]
TOLD = [
    "arp 10.0.0.1 3c:7c:3f:00:00:02 frames=1",
    "arp 10.0.0.1 8c:ec:4b:00:00:01 frames=2",
    "ra fe80::1 3c:7c:3f:00:00:02 frames=1",
    "dhcp 10.0.0.1 3c:7c:3f:00:00:02 frames=1",
    "offer 10.0.0.1 3c:7c:3f:00:00:02 router=10.0.0.66 resolvers=-",
    "advert fe80::1 3c:7c:3f:00:00:02 prefixes=- lifetime=0 flags=high",
    "frames=6 other=0 malformed=1 missed=0",
]


@pytest.fixture
def pcap(tmp_path: Path) -> Path:
    path = tmp_path / "a.pcap"
    wrpcap(str(path), PACKETS, linktype=1)
    return path


def test_capture_tells_what_the_probes_would(pcap: Path) -> None:
    assert sorted(capture.read(pcap)) == sorted(TOLD)


def test_pcapng_tells_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with PcapNgWriter(str(path)) as writer:
        for packet in PACKETS:
            writer.write(packet)
    assert sorted(capture.read(path)) == sorted(TOLD)


def test_frames_of_another_link_are_counted_and_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    wrpcap(str(path), PACKETS, linktype=101)
    assert capture.read(path) == ["frames=0 other=6 malformed=0 missed=0"]


def test_capture_that_breaks_off_is_read_as_far_as_it_goes(pcap: Path) -> None:
    pcap.write_bytes(pcap.read_bytes()[:-20])
    assert "frames=5" in capture.read(pcap)[-1] or "frames=6" in capture.read(pcap)[-1]


@pytest.mark.parametrize("data", [b"", b"hello", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a"])
def test_what_is_no_capture_is_refused_with_its_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(data)
    with pytest.raises(BanjunError, match=r"x\.pcap"):
        capture.read(path)


def test_damaged_captures_never_do_more_than_refuse(pcap: Path) -> None:
    whole, chance = pcap.read_bytes(), random.Random(7)
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        pcap.write_bytes(broken)
        try:
            assert capture.read(pcap)
        except BanjunError:
            continue


def test_technician_reads_a_file_by_a_command(pcap: Path) -> None:
    command = [sys.executable, "-m", "probes.lan", "read", str(pcap)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == sorted(TOLD)
    pcap.unlink()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(pcap) in done.stderr
    assert "Traceback" not in done.stderr
