"""Every recorded device of snmpsim-data, polled by us and by net-snmp's `snmpbulkwalk`, must say
the same: each value of each column, ports, speeds, octets and uptime. Prints a table.

Needs snmpsim, snmpsim-data and snmpbulkwalk (Debian: snmp). Recordings are served without what
neither side asks for, as an index of all 22 million lines would take an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from probes import apart
from probes.instruments.snmp_interfaces import PORTS, InterfaceSettings, SnmpInterfaces
from probes.instruments.snmp_system import SnmpSystem, labels_of
from probes.interfaces import LINK_SPEED_BITS_PER_SECOND, LINK_UP
from probes.metrics import UPTIME_SECONDS
from probes.model import Outcome, Reading
from probes.snmp.answer import Answer, Wanted, answer_from_json, wanted_as_json
from probes.snmp.device import Device
from probes.snmp.interfaces import COLUMNS, OCTETS, Port, ports_of
from probes.snmp.probe import ALL, SnmpSettings
from probes.snmp.uptime import CLOCKS
from probes.snmp.values import Oid, Value, oid
from tests.fakes.snmpsim import copy, recordings, served

PEER = "snmpbulkwalk"
KEEP = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.25.1", "1.3.6.1.2.1.31", "1.3.6.1.6.3.10")
ETHERNET = {6, 7, 11, 26, 62, 69, 117}
LEAST_DEVICES, LEAST_VENDORS = 40, 15
WANTED = Wanted(
    scalars={**SnmpSystem.wanted.scalars, **CLOCKS},
    tables={"interfaces": COLUMNS},
    most_rows=10_000,
)
_LINE = re.compile(r"\.?([0-9.]+) = (?:([A-Za-z0-9 -]+): ?)?(.*)", re.DOTALL)
_NUMBERS = {"INTEGER", "Counter32", "Counter64", "Gauge32", "Timeticks", "UInteger32"}


@dataclass(slots=True)
class Peer:
    """What snmpbulkwalk says of one device, by the names of our columns and scalars."""

    columns: dict[str, dict[Oid, Value]] = field(default_factory=dict)
    scalars: dict[str, Value] = field(default_factory=dict)
    ended: str = ""
    """By a fault of the device, such as identifiers that do not increase."""
    at: float = 0.0
    """When it had asked, in seconds of `time.monotonic`."""


def walk(port: int, community: str, root: str) -> tuple[dict[Oid, Value], str]:
    """By full identifier; and net-snmp's complaint."""
    done = subprocess.run(
        [PEER, "-v2c", f"-c{community}", "-t10", "-r2", "-m", "", "-On", "-Ox", "-Oe", "-Ot",
         f"127.0.0.1:{port}", root],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    found: dict[Oid, Value] = {}
    for line in re.split(r"\n(?=\.1\.)", done.stdout.rstrip("\n")):
        match = _LINE.fullmatch(line)
        if match and not match[3].startswith("No "):
            found[oid(match[1])] = _value(match[2] or "", match[3])
    return found, done.stderr.strip()


def _value(kind: str, text: str) -> Value:
    if kind in _NUMBERS or (not kind and text.lstrip("-").isdigit()):
        return int(text.split(maxsplit=1)[0])
    if kind == "OID":
        return oid(text)
    if kind == "IpAddress":
        return bytes(int(part) for part in text.split("."))
    return bytes.fromhex(text.replace('"', ""))


def by_peer(port: int, community: str) -> Peer:
    peer = Peer()
    for name, root in COLUMNS.items():
        found, said = walk(port, community, root)
        head = len(oid(root))
        peer.columns[name] = {key[head:]: v for key, v in found.items() if key[:head] == oid(root)}
        if "not increasing" in said:
            peer.ended = "not increasing"
    for name, root in WANTED.scalars.items():
        found, _ = walk(port, community, root.removesuffix(".0"))
        if oid(root) in found:
            peer.scalars[name] = found[oid(root)]
    peer.at = monotonic()
    return peer


def by_us(port: int, communities: Sequence[str], seconds: float) -> dict[str, Answer]:
    question = {
        "devices": [device_of(name, port).as_json() for name in communities],
        "wanted": wanted_as_json(WANTED),
        "timeout": 20.0, "tries": 2, "at_once": 2, "device_seconds": seconds,
        "run_seconds": seconds,
    }  # fmt: skip
    told = asyncio.run(apart.ask("probes.snmp", question, seconds + 60))
    return {name: answer_from_json(data) for name, data in told.items()}


def device_of(name: str, port: int) -> Device:
    return Device(name=name, host="127.0.0.1", port=port, community=name)


def differences(answer: Answer, peer: Peer) -> list[str]:
    """In words; none = the same."""
    found = []
    table = answer.tables["interfaces"]
    for name in COLUMNS:
        ours = {index: row[name] for index, row in table.rows.items() if name in row}
        if ours != peer.columns[name]:
            odd = [i for i in ours.keys() | peer.columns[name].keys()
                   if ours.get(i) != peer.columns[name].get(i)]  # fmt: skip
            found.append(f"{name}: {len(odd)} of {len(ours)} values differ")
    for name in WANTED.scalars:
        said, heard = answer.scalars.get(name), peer.scalars.get(name)
        if not _same(said, heard, _later(answer, peer)):
            found.append(f"{name}: {said!r} and {heard!r}")
    return found + _derived(answer, peer)


def _later(answer: Answer, peer: Peer) -> float:
    """Seconds by which the peer looked later, at most: some recorded clocks go on."""
    return peer.at - answer.at + 10


def _same(ours: Value | None, theirs: Value | None, later: float) -> bool:
    if isinstance(ours, int) and isinstance(theirs, int):
        return ours <= theirs <= ours + later * 100
    return ours == theirs


def _derived(answer: Answer, peer: Peer) -> list[str]:
    """Ports, speeds and uptime of the readings, worked out again from what the peer says."""
    device = device_of("x", 161)
    found = []
    shown = SnmpInterfaces(
        InterfaceSettings(include_virtual=True, most_interfaces=1024)
    ).readings(device, answer)  # fmt: skip
    kinds = peer.columns["type"]
    whole = shown[0]
    if whole.outcome is Outcome.OK:
        expected = sum(kind in ETHERNET for kind in kinds.values())
        if whole.values[PORTS] != expected:
            found.append(f"ports: {whole.values[PORTS]:.0f} and {expected}")
    elif kinds and set(kinds) == set(peer.columns["descr"]) and not peer.ended:
        found.append(f"ports: {whole.reason} and {len(kinds)} rows")
    ports = ports_of(answer.tables["interfaces"], ALL).values()
    found += [f"octets of {port.name}" for port in ports if not _right_octets(port, peer)]
    names = {port.name: port.index for port in ports}
    for reading in shown[1:]:
        index = names[reading.labels["interface"]]
        found += _wrong_port(reading, index, peer)
    return found + _wrong_uptime(device, answer, peer)


def _right_octets(port: Port, peer: Peer) -> bool:
    """The counter of 64 bits, unless there is none or it stands at 0 beside one that counts."""
    for name in OCTETS:
        wide, narrow = (peer.columns[key].get(port.index) for key in (f"hc_{name}", name))
        is_wide = wide is not None and bool(wide or not narrow)
        expected = wide if is_wide else narrow
        said = port.counters.get(name)
        if said is None:
            if expected is not None:
                return False
        elif said.value != expected or said.wide is not (is_wide or said.value >= 2**32):
            return False
    return True


def _wrong_port(reading: Reading, index: Oid, peer: Peer) -> list[str]:
    found = []
    speed, high = (peer.columns[name].get(index) for name in ("speed", "high_speed"))
    said = reading.values.get(LINK_SPEED_BITS_PER_SECOND)
    possible = {
        float(speed) if isinstance(speed, int) else None,
        high * 1e6 if isinstance(high, int) else None,
    }
    if said is not None and said not in possible:
        found.append(f"speed of {index}: {said}, from {speed!r} and {high!r}")
    if said is None and isinstance(high, int) and 0 < high <= 1_000_000:
        found.append(f"speed of {index} is missing: {speed!r}, {high!r}")
    oper = peer.columns["oper"].get(index)
    if (reading.values.get(LINK_UP) == 1) != (oper == 1):
        found.append(f"state of {index}: {reading.values.get(LINK_UP)} and {oper!r}")
    return found


def _wrong_uptime(device: Device, answer: Answer, peer: Peer) -> list[str]:
    (system,) = SnmpSystem(SnmpSettings()).readings(device, answer)
    said = system.values.get(UPTIME_SECONDS)
    clocks = {name: peer.scalars.get(name) for name in ("sys_uptime", "host_uptime")}
    hundredths = [c / 100 for c in clocks.values() if isinstance(c, int) and c]
    engine = peer.scalars.get("engine_time")
    told = hundredths + ([float(engine)] if isinstance(engine, int) and engine else [])
    if said is None:
        contradict = len(hundredths) == 2 and hundredths[0] > hundredths[1] + 60
        return ["uptime is missing"] if told and not contradict else []
    later = _later(answer, peer)
    is_one = any(said <= clock <= said + later for clock in told)
    return [] if is_one and said >= max(hundredths, default=0) - later else [f"{said} of {told}"]


def main() -> int:
    """Fails when any device differs, or when there are too few of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="recordings whose name contains this")
    only = parser.parse_args().only
    names = sorted(
        str(path.relative_to(recordings())).removesuffix(".bz2").removesuffix(".snmprec")
        for path in recordings().rglob("*.snmprec*")
        if only in str(path)
    )
    with TemporaryDirectory(prefix="banjun-snmp-") as folder:
        communities = [copy(name, Path(folder), KEEP) for name in names]
        with served(Path(folder), patience=900) as port:
            print(f"{len(communities)} recordings are served", flush=True)
            answers = by_us(port, communities, 1800)
            with ThreadPoolExecutor(2) as pool:
                peers = list(pool.map(lambda name: by_peer(port, name), communities))
    return report(answers, dict(zip(communities, peers, strict=True)))


def report(answers: Mapping[str, Answer], peers: Mapping[str, Peer]) -> int:
    wrong, vendors, counted = 0, set(), 0
    print(
        f"{'device':<52} {'vendor':<20} {'rows':>5} {'ports':>5} {'64-bit':>6} {'days up':>8}  same"
    )
    for name, answer in answers.items():
        if answer.reason:
            said = [answer.reason] if peers[name].scalars else []
            print(f"{name:<52} {answer.reason}: it has none of the scalars and no table")
            wrong += bool(said)
            continue
        found = differences(answer, peers[name])
        vendor = labels_of(answer.scalars)["vendor"]
        vendors.add(vendor)
        counted += 1
        wrong += bool(found)
        _print(name, vendor, answer, found)
    vendors.discard("-")
    print(f"\n{counted} devices of {len(vendors)} vendors; {wrong} differ")
    enough = counted >= LEAST_DEVICES and len(vendors) >= LEAST_VENDORS
    return 0 if enough and not wrong else 1


def _print(name: str, vendor: str, answer: Answer, found: Sequence[str]) -> None:
    table = answer.tables["interfaces"]
    ports = ports_of(table, ALL).values()
    wide = sum("in_octets" in p.counters and p.counters["in_octets"].wide for p in ports)
    (system,) = SnmpSystem(SnmpSettings()).readings(device_of(name, 161), answer)
    up = system.values.get(UPTIME_SECONDS)
    days = "-" if up is None else f"{up / 86400:.1f}"
    same = "yes" if not found else "; ".join(found[:3])
    kinds = sum(port.is_ethernet for port in ports)
    end = f" ({table.end})" if table.end else ""
    print(f"{name:<52} {vendor[:20]:<20} {len(table.rows):>5} {kinds:>5} {wide:>6} {days:>8}  "
          f"{same}{end}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
