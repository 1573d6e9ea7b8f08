"""Other agents as Debian ships them, each on a loopback port and in a scratch folder, treated as
their own servers would: scraped, asked, or left to send."""

from __future__ import annotations

import socket
import struct
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers import free_port

ZABBIX_ITEMS = (
    "system.cpu.load", "vm.memory.size[available]", "system.swap.size[,pfree]",
    "vfs.fs.size[/,pfree]", "system.uptime", "proc.num[]", "net.tcp.service.perf[tcp,127.0.0.1]",
)  # fmt: skip
"""About what the PC schedule measures."""
COLLECTD_PLUGINS = ("cpu", "memory", "swap", "df", "load", "uptime", "processes", "interface")


@dataclass(frozen=True, slots=True)
class Peer:
    """`ask` is called once a minute; `about` is what it does, for the report."""

    name: str
    package: str
    process: subprocess.Popen[bytes]
    ask: Callable[[], object]
    about: str


def node_exporter(folder: Path) -> Peer:
    port = free_port()
    process = _start(
        folder, "prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
        f"--collector.textfile.directory={folder}",
    )  # fmt: skip
    return Peer(
        "node_exporter", "prometheus-node-exporter", process,
        lambda: _get(f"http://127.0.0.1:{port}/metrics"),
        "default collectors, scraped once a minute, plain HTTP",
    )  # fmt: skip


def zabbix_agent2(folder: Path) -> Peer:
    port = _low_port()
    settings = folder / "zabbix_agent2.conf"
    settings.write_text(
        f"LogFile={folder}/zabbix.log\nServer=127.0.0.1\nListenIP=127.0.0.1\nListenPort={port}\n"
        f"Hostname=bench\nControlSocket={folder}/agent.sock\n"
    )
    process = _start(folder, "zabbix_agent2", "-c", str(settings))
    return Peer(
        "zabbix_agent2", "zabbix-agent2", process, lambda: [_ask(port, i) for i in ZABBIX_ITEMS],
        f"{len(ZABBIX_ITEMS)} items asked once a minute, plain TCP",
    )  # fmt: skip


def collectd(folder: Path) -> Peer:
    settings = folder / "collectd.conf"
    loaded = "".join(f"LoadPlugin {name}\n" for name in (*COLLECTD_PLUGINS, "network"))
    settings.write_text(
        f'Hostname "bench"\nFQDNLookup false\nBaseDir "{folder}"\nPIDFile "{folder}/pid"\n'
        f'{loaded}<Plugin network>\n  Server "127.0.0.1" "{free_port()}"\n</Plugin>\n'
    )
    process = _start(folder, "collectd", "-f", "-C", str(settings))
    return Peer(
        "collectd", "collectd-core", process, lambda: None,
        f"{len(COLLECTD_PLUGINS)} plug-ins each 10 s as by default, sent by plain UDP",
    )  # fmt: skip


def netdata(folder: Path) -> Peer:
    port = free_port()
    for name in ("cache", "lib", "log", "run"):
        (folder / name).mkdir()
    settings = folder / "netdata.conf"
    settings.write_text(
        "[directories]\n"
        f"  cache = {folder}/cache\n  lib = {folder}/lib\n  log = {folder}/log\n"
        f"  home = {folder}\n"
        f"[web]\n  bind to = 127.0.0.1:{port}\n[cloud]\n  enabled = no\n"
        "[ml]\n  enabled = no\n"
    )
    process = _start(
        folder, "netdata", "-D", "-c", str(settings), "-u", _user(), "-P", str(folder / "run/pid")
    )
    return Peer(
        "netdata", "netdata-core", process,
        lambda: _get(f"http://127.0.0.1:{port}/api/v1/allmetrics"),
        "default plug-ins each second, read once a minute, plain HTTP; machine learning off",
    )  # fmt: skip


PEERS = {
    "prometheus-node-exporter": node_exporter,
    "zabbix_agent2": zabbix_agent2,
    "collectd": collectd,
    "netdata": netdata,
}
"""Program -> how to start it."""


def _start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)


def _low_port() -> int:
    """A free one that Zabbix accepts: below 32768."""
    for port in range(20_050, 32_767):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


def _get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return len(answer.read())


def _ask(port: int, item: str) -> bytes:
    """One question of a Zabbix server: header, length, and the name of the item."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(item), 0) + item.encode())
        return connection.recv(4096)


def _user() -> str:
    import getpass

    return getpass.getuser()
