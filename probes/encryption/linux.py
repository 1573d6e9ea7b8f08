"""Encrypted disks of Linux: devices from lsblk, what is mounted where from mountinfo."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes import files, programs
from probes.model import ProbeError
from probes.parts import Facts

COMMAND_SECONDS = 10.0
MOUNTS = Path("proc/self/mountinfo")

_COLUMNS = "NAME,KNAME,MAJ:MIN,TYPE"
_NO_DISKS = {"loop", "rom"}
"""Images, and disks that only can be read."""
_IN_MEMORY = re.compile(r"(?:zram|ram)\d+")
_STARTERS = re.compile(r"/(?:boot|efi)(?:/.*)?")
"""What starts a machine has to be readable before any key is known."""
_FLASH = re.compile(r"/dev/(?:mtdblock|ubi(?:block)?)\d")
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """`number`: MAJOR:MINOR of the device."""

    number: str
    place: str
    kind: str
    device: str


@dataclass(frozen=True, slots=True)
class Device:
    """`encrypted`: on every way to the disk something encrypts."""

    name: str
    kernel_name: str
    number: str
    kind: str
    encrypted: bool


async def listed() -> list[Device]:
    """Raises ProbeError: "no_source" without lsblk, "unreadable"."""
    path = programs.find("lsblk")
    if path is None:
        raise ProbeError("no_source", "lsblk")
    done = await programs.run([path, "--json", "--output", _COLUMNS], COMMAND_SECONDS)
    if done.code:
        raise ProbeError("unreadable", f"lsblk: {done.errors.strip()[:80]}")
    return parse_devices(done.output)


def parse_devices(text: str) -> list[Device]:
    """Of `lsblk --json`. Raises ProbeError("unreadable").

    A device that stands on several others is listed below each: it is encrypted if all are.
    """
    try:
        found = list(_devices(json.loads(text)["blockdevices"], False))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ProbeError("unreadable", "lsblk") from exc
    weakest: dict[str, Device] = {}
    for device in found:
        known = weakest.get(device.number)
        if known is None or known.encrypted:
            weakest[device.number] = device
    return list(weakest.values())


def _devices(nodes: Any, encrypted: bool) -> Iterator[Device]:
    for node in nodes:
        kind = node["type"]
        inside = encrypted or kind == "crypt"
        name, kernel_name, number = (node[key].strip() for key in ("name", "kname", "maj:min"))
        yield Device(name, kernel_name, number, kind.strip(), inside)
        yield from _devices(node.get("children", ()), inside)


def parse_mounts(text: str) -> list[Mount]:
    """Of mountinfo (proc(5)); a line of another form is left out."""
    found = []
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        head, tail = before.split(" "), after.split(" ")
        if dash and len(head) >= 6 and len(tail) >= 2:
            found.append(Mount(head[2], _plain(head[4]), tail[0], _plain(tail[1])))
    return found


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda code: chr(int(code[1], 8)), text)


def device_of(mount: Mount, devices: Iterable[Device]) -> Device | None:
    """By its number, or by its name: btrfs has numbers of its own."""
    name = mount.device.rpartition("/")[2] if mount.device.startswith("/dev/") else None
    known = list(devices)
    by_number = [d for d in known if d.number == mount.number]
    by_name = [d for d in known if name is not None and name in (d.name, d.kernel_name)]
    return next(iter(by_number or by_name), None)


def system(mounts: Iterable[Mount], devices: Iterable[Device]) -> bool | None:
    """Whether what is mounted on / is encrypted; None when its device is not listed.

    Of btrfs, which may lie on several devices, one that is encrypted says nothing of the others.
    """
    roots = [mount for mount in mounts if mount.place == "/"]
    device = device_of(roots[-1], devices) if roots else None  # the last one covers the others
    if device is None or (device.encrypted and roots[-1].kind == "btrfs"):
        return None
    return device.encrypted


def volumes(mounts: Iterable[Mount], devices: Iterable[Device]) -> list[Device]:
    """The devices of this machine that hold mounted files, each once."""
    known = list(devices)
    found = {}
    for mount in mounts:
        device = None if _STARTERS.fullmatch(mount.place) else device_of(mount, known)
        if device and device.kind not in _NO_DISKS and not _IN_MEMORY.fullmatch(device.name):
            found[device.number] = device
    return list(found.values())


def is_flash(mounts: Iterable[Mount]) -> bool:
    """Whether the system lies on bare flash memory, as that of routers: no disk to encrypt."""
    places = {mount.place: mount for mount in mounts}
    below = [places[at] for at in ("/rom", "/overlay", "/") if at in places]
    return any(_FLASH.match(mount.device) for mount in below) and (
        places["/"].kind in ("overlay", "squashfs", "jffs2", "ubifs") if "/" in places else False
    )


def mounted(root: Path) -> list[Mount]:
    return parse_mounts(files.text(root / MOUNTS))


def system_facts(mounts: list[Mount], devices: list[Device]) -> Facts:
    return Facts("command", {"system_volume_encrypted": system(mounts, devices)})


def volume_facts(mounts: list[Mount], devices: list[Device]) -> Facts:
    held = volumes(mounts, devices)
    if not held:
        raise ProbeError("unreadable", "lsblk")
    values = {
        "volumes_count": len(held),
        "encrypted_volumes_count": sum(device.encrypted for device in held),
    }
    return Facts("command", values)
