"""Reads DATA/lan/<school code>.toml: one school's network. docs/lan.md explains the format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import TypeVar

from collector.inventory.model import DeviceKind
from collector.lan import address as spelling
from collector.lan.site import (
    PJLINK_PORT,
    SNMP_PORT,
    ManagedDevice,
    Network,
    Projector,
    Router,
    Site,
    Uplink,
)
from config.strict import PolicyError, Table, read_toml
from probes.text import Text

LONGEST_SWEEP = 22
"""The shortest prefix that is swept: 1022 hosts in one go."""
MOST_GEAR = 200
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}")
T = TypeVar("T")


def read_site(path: Path) -> Site:
    """Raises PolicyError naming file, key, value and what to write instead."""
    where = f"{path.parent.name}/{path.name}"
    if not re.fullmatch(r"[0-9]{10}", path.stem):
        raise PolicyError(
            Text(
                f"{where}：文件名应为十位学校代码加 .toml；请改名。",
                f"{where}: the name should be a school code of ten digits and .toml; rename it.",
            )
        )
    with Table(read_toml(path), where) as top:
        networks = _each(top, "networks", spelling.network, required=True)
        devices = _devices(top, networks)
        return Site(
            school=path.stem,
            networks=networks,
            sweep=_sweep(top, networks),
            dhcp_servers=_each(top, "dhcp_servers", spelling.address_or_mac),
            routers=_each(top, "routers", _router),
            gateway=_gateway(top, networks),
            resolvers=_each(top, "resolvers", spelling.address),
            uplink=_uplink(top, devices),
            devices=devices,
            projectors=_projectors(top, networks),
        )


def _each(
    top: Table, key: str, read: Callable[[str], T], *, required: bool = False
) -> tuple[T, ...]:
    words = top.words(key, None if required else ())
    if required and not words:
        raise top.error(key, "至少写一个", "name at least one")
    found = tuple(_value(top, key, read, word) for word in words)
    if twins := [value for value, times in Counter(found).items() if times > 1]:
        raise top.error(key, f"{twins[0]} 出现两次", f"{twins[0]} is there twice")
    return found


def _value(table: Table, key: str, read: Callable[[str], T], word: str) -> T:
    try:
        return read(word)
    except spelling.AddressError as exc:
        raise table.error(key, exc.text.zh, exc.text.en) from None


def _router(text: str) -> str:
    """Of routers that advertise (RFC 4861) there are none with an IPv4 address."""
    found = spelling.address_or_mac(text)
    if "." in found:
        raise spelling.AddressError(
            Text(
                f"{found} 是 IPv4 地址；这里写 IPv6 路由器，没有就不写",
                f"{found} is IPv4; IPv6 routers go here, and nothing where there are none",
            )
        )
    return found


def _sweep(top: Table, networks: Sequence[Network]) -> tuple[IPv4Network, ...]:
    found: list[IPv4Network] = []
    for swept in _each(top, "sweep", spelling.network):
        if not isinstance(swept, IPv4Network):
            raise top.error("sweep", f"{swept} 不是 IPv4", f"{swept} is not IPv4")
        if swept.prefixlen < LONGEST_SWEEP:
            raise top.error(
                "sweep",
                f"{swept} 太大，最大 /{LONGEST_SWEEP}；请分成几个",
                f"{swept} is too wide, /{LONGEST_SWEEP} at most; split it",
            )
        if not any(isinstance(n, IPv4Network) and swept.subnet_of(n) for n in networks):
            raise _outside(top, "sweep", str(swept), networks)
        if other := next((each for each in found if each.overlaps(swept)), None):
            raise top.error("sweep", f"{swept} 与 {other} 重叠", f"{swept} overlaps {other}")
        found.append(swept)
    return tuple(found)


def _gateway(top: Table, networks: Sequence[Network]) -> Router | None:
    if not top.has("gateway"):
        return None
    with top.table("gateway") as table:
        return Router(_host(table, "address", networks), _macs(table))


def _macs(gateway: Table) -> tuple[str, ...]:
    """One, or those of a pair that stands in for each other."""
    if gateway.is_text("mac"):
        return (_value(gateway, "mac", spelling.mac, gateway.text("mac")),)
    return _each(gateway, "mac", spelling.mac)


def _uplink(top: Table, devices: Iterable[ManagedDevice]) -> Uplink | None:
    if not top.has("uplink"):
        return None
    with top.table("uplink") as table:
        device = table.text("device")
        if device not in {each.name for each in devices}:
            raise table.error(
                "device",
                f"没有名为“{device}”的 [[device]]；请补上，或改正名称",
                f"no [[device]] is named {device!r}; add it, or correct the name",
            )
        return Uplink(
            device=device,
            interface=_name(table, "interface"),
            link=table.text("link", ""),
        )


def _devices(top: Table, networks: Sequence[Network]) -> tuple[ManagedDevice, ...]:
    found = []
    for table in top.tables("device", optional=True):
        with table:
            device = ManagedDevice(
                name=_name(table, "name"),
                host=_host(table, "host", networks),
                port=_port(table, SNMP_PORT),
                credential=_name(table, "credential"),
                kind=DeviceKind(table.choice("kind", list(DeviceKind), DeviceKind.UNKNOWN)),
                room=table.text("room", ""),
            )
        found.append(device)
    _refuse_doubles(top, "device", [(each.name, each.host, each.port) for each in found])
    return tuple(found)


def _projectors(top: Table, networks: Sequence[Network]) -> tuple[Projector, ...]:
    found = []
    for table in top.tables("projector", optional=True):
        with table:
            projector = Projector(
                name=_name(table, "name"),
                host=_host(table, "host", networks),
                port=_port(table, PJLINK_PORT),
                credential=table.text("credential", ""),
                room=table.text("room", ""),
            )
        found.append(projector)
    _refuse_doubles(top, "projector", [(each.name, each.host, each.port) for each in found])
    return tuple(found)


def _refuse_doubles(top: Table, key: str, gear: Sequence[tuple[str, str, int]]) -> None:
    """One name, one place; readings are stored by the name."""
    if len(gear) > MOST_GEAR:
        n = len(gear)
        raise top.error(key, f"{n} 台，最多 {MOST_GEAR}", f"{n} of them, {MOST_GEAR} at most")
    names = Counter(name for name, _, _ in gear)
    places = Counter(f"{host}:{port}" for _, host, port in gear)
    for twin, times in (*names.items(), *places.items()):
        if times > 1:
            raise top.error(
                key,
                f"“{twin}”出现两次；请改名或删去一个",
                f"{twin!r} is there twice; rename or drop one",
            )


def _name(table: Table, key: str) -> str:
    value = table.text(key)
    if not _NAME.fullmatch(value) or value != value.strip():
        raise table.error(
            key,
            f"{value!r} 应为 1 至 64 个字符，没有控制字符，首尾没有空格",
            f"{value!r} should have 1 to 64 characters without controls, or spaces at the ends",
        )
    return value


def _host(table: Table, key: str, networks: Sequence[Network]) -> str:
    found = _value(table, key, spelling.address, table.text(key))
    if not any(ip_address(found) in network for network in networks):
        raise _outside(table, key, found, networks)
    return found


def _port(table: Table, usual: int) -> int:
    port = table.integer("port", usual)
    if not 1 <= port <= 65_535:
        raise table.error("port", f"{port} 不是端口", f"{port} is no port")
    return port


def _outside(table: Table, key: str, value: str, networks: Sequence[Network]) -> PolicyError:
    known = ", ".join(map(str, networks))
    return table.error(
        key,
        f"{value} 不在本校网段 networks（{known}）之内；请改正，或补上网段",
        f"{value} is outside networks ({known}); correct it, or add its network there",
    )
