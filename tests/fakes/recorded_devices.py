"""Recorded devices under names of a test's choice, and what net-snmp reads of them."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from probes.model import Reading
from probes.snmp.probe import SnmpProbe
from tests.fakes import snmpsim
from tests.probes.conftest import Measure

PATIENCE = 30.0
Look = Callable[[str], Awaitable[list[Reading]]]


@dataclass(frozen=True, slots=True)
class Devices:
    """One process of snmpsim. `communities`: by the name of a device. `kept`: by the same, what a
    probe read of it."""

    port: int
    communities: Mapping[str, str]
    kept: dict[str, list[Reading]] = field(default_factory=dict)

    def settings(self, *names: str) -> list[dict[str, object]]:
        """The setting `devices`, with these; one that is not there keeps silent."""
        return [
            {
                "name": name, "host": "127.0.0.1", "port": self.port,
                "community": self.communities.get(name, f"no-{name}"),
            }
            for name in names
        ]  # fmt: skip

    async def look(self, name: str, measure: Measure, probe: type[SnmpProbe[Any]]) -> list[Reading]:
        """What `probe` reads of one device, out of one run that asks all of them."""
        if not self.kept:
            asked = tuple(self.settings(*self.communities))
            for reading in await measure(probe(probe.Settings(devices=asked))):
                self.kept.setdefault(reading.target, []).append(reading)
        return self.kept[name]

    def walk(self, name: str, oid: str) -> dict[str, str]:
        """What net-snmp reads, also of a table in no order: index -> value, octets in hexadecimal,
        lower case."""
        program = shutil.which("snmpbulkwalk")
        if program is None:
            pytest.skip("needs snmpbulkwalk (apt install snmp)")
        options = ["-v2c", "-c", self.communities[name], "-Onxe", "-t5", "-Cc"]
        done = subprocess.run(
            [program, *options, f"127.0.0.1:{self.port}", oid],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        # Long octets go on in the next line.
        lines = re.split(r"\n(?=\.1)", done.stdout.strip())
        pairs = (line.partition(" = ") for line in lines)
        return {
            number[len(oid) + 2 :]: _plain(value)
            for number, _, value in pairs
            if number.startswith(f".{oid}.") and not value.startswith("No more variables")
        }


def _plain(value: str) -> str:
    kind, _, text = value.partition(":")
    return "".join(text.split()).lower() if kind == "Hex-STRING" else text.strip()


@contextmanager
def recorded(
    folder: Path, recordings: Mapping[str, str], keep: Sequence[str], made: Mapping[str, str]
) -> Iterator[Devices]:
    """`recordings`: name -> path in snmpsim-data; of each only the subtrees `keep` are served.
    `made`: name -> lines of our own, in snmpsim's format and in order."""
    communities = {name: snmpsim.copy(path, folder, keep) for name, path in recordings.items()}
    for name, text in made.items():
        (folder / f"{name}.snmprec").write_text(text, "utf-8")
        communities[name] = name
    with snmpsim.served(folder) as port:
        _await_answer(port, next(iter(communities.values())))
        yield Devices(port, communities)


def _await_answer(port: int, community: str) -> None:
    """It says that it listens some time before it answers."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            asking.connect(("127.0.0.1", port))
            try:
                asking.send(_what_is_first(community.encode()))
                asking.recv(4096)
            except OSError:
                continue
            return
    raise AssertionError(f"no answer at 127.0.0.1:{port}")


def _what_is_first(community: bytes) -> bytes:
    """A GetNextRequest of version 2c for what follows 1.3 (RFC 3416 section 4.2.2)."""
    numbers, asked = (
        b"\x02\x01\x01\x02\x01\x00\x02\x01\x00",
        b"\x30\x07\x30\x05\x06\x01\x2b\x05\x00",
    )
    return _tlv(0x30, b"\x02\x01\x01" + _tlv(0x04, community) + _tlv(0xA1, numbers + asked))


def _tlv(kind: int, content: bytes) -> bytes:
    return bytes([kind, len(content)]) + content
