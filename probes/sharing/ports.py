"""Which plain old services wait for others, by the ports that they are known by (IANA)."""

from __future__ import annotations

from collections.abc import Collection

from probes import listening
from probes.listening import Port
from probes.parts import Facts

TELNET, FTP, TFTP = Port("tcp", 23), Port("tcp", 21), Port("udp", 69)
REXEC, RLOGIN, RSH = Port("tcp", 512), Port("tcp", 513), Port("tcp", 514)
"""514 over TCP is also where receivers of logs wait."""
SMB = (Port("tcp", 445), Port("tcp", 139))
SSH = Port("tcp", 22)

_RSH_PROGRAMS = {"inetd", "xinetd", "in.rshd", "rshd", "systemd", "busybox"}
_LOG_PROGRAMS = {"rsyslogd", "syslog-ng", "syslogd", "logd", "vector", "fluentd", "fluent-bit"}


def plain_services() -> Facts:
    """Who really listens for more than this machine. Raises ProbeError of `listening.sockets`."""
    exposed = listening.exposed(listening.sockets())
    values = {
        "telnet_listening": TELNET in exposed,
        "ftp_listening": FTP in exposed,
        "tftp_listening": TFTP in exposed,
        "r_services_listening": _r_services(exposed),
    }
    hidden = values["r_services_listening"] is None and _owners(RSH) is None
    source = "proc" if listening.PROC_NET.exists() else "netapi"
    return Facts(source, values, "no_privilege" if hidden else "undecided")


def _r_services(exposed: Collection[Port]) -> bool | None:
    if REXEC in exposed or RLOGIN in exposed:
        return True
    if RSH not in exposed:
        return False
    owners = _owners(RSH)
    if owners and owners <= _LOG_PROGRAMS:
        return False
    return True if owners and owners & _RSH_PROGRAMS else None


def _owners(port: Port) -> set[str] | None:
    """Names of the programs that listen on it; None when they are hidden from this user."""
    import psutil

    try:
        pids = {
            c.pid
            for c in psutil.net_connections(kind=port.protocol)
            if c.laddr and c.laddr.port == port.number and c.status == psutil.CONN_LISTEN
        }
        return None if None in pids else {psutil.Process(pid).name() for pid in pids} or None
    except (psutil.Error, OSError):
        return None
