from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from probes import listening
from probes.instruments import posture_sharing
from probes.instruments.posture_sharing import (
    FTP,
    OPEN_SHARES,
    R_SERVICES,
    RDP_ENABLED,
    RDP_NLA,
    SMB1_CLIENT,
    SMB1_SERVER,
    SSH_PASSWORD,
    SSH_ROOT,
    TELNET,
    TFTP,
    USER_SHARES,
    PostureSharing,
)
from probes.listening import Port, Socket
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from probes.sharing import ports
from probes.sharing.linux import xrdp_ports
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure
from tests.probes.sharing import shares_of_windows
from tests.probes.sharing.shares_of_windows import CLOSED, OPEN

FakePrograms = Callable[..., None]
Parts = dict[str, Reading]

SAMBA = "Package: {name}\nStatus: install ok installed\nVersion: 2:{version}+dfsg-0ubuntu1\n\n"
PUBLIC = "[资料]\npath = /srv\nguest ok = yes\nwritable = yes\n"


class Machine:
    """A Debian on which nothing listens."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sockets: list[Socket] = []
        self.write("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\n\n")
        self.run(1, "systemd")

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def run(self, number: int, name: str) -> None:
        self.write(f"proc/{number}/comm", f"{name}\n")

    def have_samba(self, version: str = "4.17.12", conf: str = "[global]\n") -> None:
        self.write("var/lib/dpkg/status", SAMBA.format(name="samba", version=version))
        self.write("usr/sbin/smbd", "")
        self.write("etc/samba/smb.conf", conf)

    def listen(self, *names: str, address: str = "0.0.0.0") -> None:
        for name in names:
            port = listening.parse_port(name)
            assert port is not None
            self.sockets.append(Socket(port, ip_address(address)))


@pytest.fixture
def machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_programs: FakePrograms
) -> Machine:
    found = Machine(tmp_path / "root")
    monkeypatch.setattr(posture_sharing, "ROOT", found.root)
    monkeypatch.setattr(listening, "sockets", lambda: found.sockets)
    return found


@pytest.fixture
def parts(measure: Measure) -> Callable[[], Any]:
    async def run() -> Parts:
        """What was learned of each part; of one of which nothing was, why."""
        readings = await measure(PostureSharing(NoSettings()))
        known = [r for r in readings if r.outcome is Outcome.OK]
        return {r.labels["part"]: r for r in [*readings, *known]}

    return run


async def test_machine_that_offers_nothing_is_known_to_offer_nothing(
    machine: Machine, parts: Any
) -> None:
    found = await parts()
    assert found["smb1"].values == {SMB1_SERVER: 0, SMB1_CLIENT: 0}
    assert found["shares"].values == {USER_SHARES: 0, OPEN_SHARES: 0}
    assert found["rdp"].values == {RDP_ENABLED: 0}
    assert found["plain"].values == {TELNET: 0, FTP: 0, TFTP: 0, R_SERVICES: 0}
    assert found["ssh"].values == {SSH_ROOT: 0, SSH_PASSWORD: 0}


@pytest.mark.parametrize(("version", "expected"), [("4.7.6", 1), ("4.17.12", 0)])
async def test_old_samba_speaks_smb1_unless_it_is_told_not_to(
    version: str, expected: int, machine: Machine, parts: Any
) -> None:
    machine.have_samba(version)
    assert (await parts())["smb1"].values == {SMB1_SERVER: expected, SMB1_CLIENT: expected}


async def test_samba_of_unknown_version_is_not_known(machine: Machine, parts: Any) -> None:
    machine.have_samba()
    machine.write("var/lib/dpkg/status", "Package: x\nStatus: install ok installed\n")
    found = (await parts())["smb1"]
    assert SMB1_SERVER not in found.values
    machine.write("etc/samba/smb.conf", "[global]\nserver min protocol = NT1\n")
    assert (await parts())["smb1"].values[SMB1_SERVER] == 1


async def test_share_mounted_over_smb1_shows_the_client(machine: Machine, parts: Any) -> None:
    machine.write("proc/mounts", "//老服务器/资料 /mnt cifs rw,vers=1.0,cache=strict 0 0\n")
    assert (await parts())["smb1"].values == {SMB1_SERVER: 0, SMB1_CLIENT: 1}


async def test_settings_without_a_server_serve_nobody(machine: Machine, parts: Any) -> None:
    machine.write("etc/samba/smb.conf", "[global]\nserver min protocol = NT1\n" + PUBLIC)
    found = await parts()
    assert found["smb1"].values[SMB1_SERVER] == 0
    assert found["shares"].values == {USER_SHARES: 0, OPEN_SHARES: 0}


async def test_open_shares_are_counted_those_of_users_too(machine: Machine, parts: Any) -> None:
    text = "[global]\nusershare allow guests = yes\n" + PUBLIC + "[作业]\npath = /home\n"
    machine.have_samba(conf=text)
    user = "path=/x\nusershare_acl=S-1-1-0:F\nguest_ok=y\n"
    machine.write("var/lib/samba/usershares/mine", user)
    assert (await parts())["shares"].values == {USER_SHARES: 3, OPEN_SHARES: 2}
    machine.write("var/lib/samba/usershares/other", "path=/x\n")
    shares = (await parts())["shares"]
    assert shares.values == {USER_SHARES: 4}


async def test_share_that_cannot_be_judged_is_a_reading_of_its_own(
    machine: Machine, measure: Measure
) -> None:
    machine.have_samba(conf=PUBLIC + "copy = other\n")
    readings = await measure(PostureSharing(NoSettings()))
    known, unknown = (r for r in readings if r.labels["part"] == "shares")
    assert known.values == {USER_SHARES: 1}
    assert unknown.reason == "undecided"


@pytest.mark.parametrize(
    ("conf", "reason"), [("config backend = registry", "undecided"), ("???", "unreadable")]
)
async def test_settings_that_cannot_be_followed_are_not_guessed(
    conf: str, reason: str, machine: Machine, parts: Any
) -> None:
    machine.have_samba(conf=f"[global]\n{conf}\n")
    found = await parts()
    assert found["shares"].reason == reason
    assert SMB1_SERVER not in found["smb1"].values


async def test_server_of_smb_whose_settings_are_nowhere_is_not_known(
    machine: Machine, parts: Any
) -> None:
    machine.listen("tcp/445", address="::")
    found = await parts()
    assert found["shares"].reason == "no_source"
    assert SMB1_SERVER not in found["smb1"].values


async def test_file_that_only_root_may_read_lacks_privilege(
    machine: Machine, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = machine.write("etc/ssh/sshd_config", "PermitRootLogin no\n")
    real = Path.read_text

    def closed(self: Path, *args: Any, **more: Any) -> str:
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "read_text", closed)
    assert (await parts())["ssh"].reason == "no_privilege"


async def test_remote_desktop_of_xrdp_asks_for_nothing_beforehand(
    machine: Machine, parts: Any
) -> None:
    machine.write("etc/xrdp/xrdp.ini", "[Globals]\nport=3390\n[Xorg]\nport=-1\n")
    machine.run(300, "xrdp")
    assert (await parts())["rdp"].values == {RDP_ENABLED: 0}
    machine.listen("tcp/3390")
    assert (await parts())["rdp"].values == {RDP_ENABLED: 1, RDP_NLA: 0}


async def test_remote_desktop_of_somebody_else_is_on_and_no_more_is_known(
    machine: Machine, parts: Any
) -> None:
    machine.listen("tcp/3389", address="::")
    assert (await parts())["rdp"].values == {RDP_ENABLED: 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Globals]\nport=3389\n", [3389]),
        ("port=tcp://.:3391 vsock://-1:3389", [3391]),
        ("port=99999\nport=\n; port=5\nPORT = tcp6://{::}:3392", [3392]),
    ],
)
def test_ports_of_xrdp_are_read_in_all_their_forms(text: str, expected: list[int]) -> None:
    assert xrdp_ports(text) == expected


async def test_loopback_offers_nothing_to_others(machine: Machine, parts: Any) -> None:
    machine.listen("tcp/23", "tcp/21", "udp/69", "tcp/513", "tcp/3389", address="127.0.0.1")
    found = await parts()
    assert set(found["plain"].values.values()) == {0}
    assert found["rdp"].values == {RDP_ENABLED: 0}


@pytest.mark.parametrize(
    ("owner", "expected"),
    [("rsyslogd", 0.0), ("inetd", 1.0), ("java", None), (None, None)],
)
async def test_port_514_is_decided_by_who_listens(
    owner: str | None,
    expected: float | None,
    machine: Machine,
    measure: Measure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine.listen("tcp/514")
    connection = SimpleNamespace(
        laddr=SimpleNamespace(port=514), status=psutil.CONN_LISTEN, pid=7 if owner else None
    )
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [connection])
    monkeypatch.setattr(psutil, "Process", lambda pid: SimpleNamespace(name=lambda: owner))
    readings = await measure(PostureSharing(NoSettings()))
    found = [r for r in readings if r.labels["part"] == "plain"]
    assert found[0].values.get(R_SERVICES) == expected
    reasons = [r.reason for r in found[1:]]
    assert reasons == ([] if owner in ("rsyslogd", "inetd") else [
        "undecided" if owner else "no_privilege"
    ])  # fmt: skip


async def test_ssh_is_read_from_its_settings_whether_it_runs_or_not(
    machine: Machine, parts: Any
) -> None:
    machine.write("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n")
    machine.write("etc/ssh/sshd_config.d/学校.conf", "PermitRootLogin no\n")
    machine.write("etc/ssh/sshd_config.d/keys.conf", "AuthenticationMethods publickey\n")
    assert (await parts())["ssh"].values == {SSH_ROOT: 0, SSH_PASSWORD: 0}


@pytest.mark.parametrize("how", ["sshd", "tcp/22", "hidden"])
async def test_ssh_without_settings_is_not_known_to_be_closed(
    how: str, machine: Machine, parts: Any
) -> None:
    if how == "hidden":
        (machine.root / "proc/1/comm").unlink()
    elif how == "sshd":
        machine.run(77, "dropbear")
    else:
        machine.listen(how)
    found = (await parts())["ssh"]
    assert (found.values, found.outcome) == ({}, Outcome.NOT_RUN)


DROPBEAR = "config dropbear\n\toption PasswordAuth '{password}'\n\toption RootLogin '{root}'\n"


async def test_router_is_read_from_its_own_settings(machine: Machine, parts: Any) -> None:
    machine.write("etc/openwrt_release", "DISTRIB_ID='OpenWrt'\n")
    machine.write("etc/config/dropbear", DROPBEAR.format(password="off", root="1"))
    share = "\n\toption path '/mnt'\n\toption guest_ok 'yes'\n\toption read_only 'no'\n"
    machine.write(
        "etc/config/samba4",
        f"config samba\n\toption allow_legacy_protocols '1'\nconfig sambashare{share}",
    )
    found = await parts()
    assert found["smb1"].values == {SMB1_SERVER: 1, SMB1_CLIENT: 0}
    assert found["shares"].values == {USER_SHARES: 1, OPEN_SHARES: 1}
    assert found["ssh"].values == {SSH_ROOT: 1, SSH_PASSWORD: 0}
    assert found["rdp"].reason == "not_here"
    assert found["ssh"].labels["source"] == "uci"


async def test_router_as_it_comes_lets_root_in_with_a_password(
    machine: Machine, parts: Any
) -> None:
    machine.write("etc/openwrt_release", "")
    machine.write("etc/config/dropbear", "config dropbear\n\toption Port '22'\n")
    found = await parts()
    assert found["ssh"].values == {SSH_ROOT: 1, SSH_PASSWORD: 1}
    assert found["smb1"].values == {SMB1_SERVER: 0, SMB1_CLIENT: 0}
    machine.write("etc/config/dropbear", DROPBEAR.format(password="maybe", root="0"))
    assert (await parts())["ssh"].values == {SSH_ROOT: 0}
    machine.write("etc/config/dropbear", "what is this")
    assert (await parts())["ssh"].reason == "unreadable"


SERVE = """
import socket, sys, time
kept = []
for number in (21, 23, 512):
    one = socket.create_server(("0.0.0.0", number)); kept.append(one)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); udp.bind(("::", 69))
print("ready", flush=True)
time.sleep(30)
"""


def test_services_that_really_listen_are_seen(
    in_namespace: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "serve.py").write_text(SERVE)
    out = in_namespace(
        f"probe posture_sharing\n'{sys.executable}' '{tmp_path}/serve.py' > '{tmp_path}/said' & \n"
        f"while ! grep -q ready '{tmp_path}/said'; do sleep 0.1; done\n"
        "probe posture_sharing\nkill $!\n"
    )
    before, after = (
        {r["labels"]["part"]: r["values"] for r in json.loads(line)} for line in out.splitlines()
    )
    assert set(before["plain"].values()) == {0}
    assert after["plain"] == {
        "telnet_listening": 1, "ftp_listening": 1, "tftp_listening": 1, "r_services_listening": 1,
    }  # fmt: skip


def test_514_belongs_to_nobody_that_is_seen_when_nobody_listens() -> None:
    assert ports._owners(Port("tcp", 1)) is None


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> FakeWindows:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    return shares_of_windows.standard(FakeWindows(monkeypatch))


async def test_windows_11_as_it_comes(windows: FakeWindows, parts: Any) -> None:
    shares_of_windows.share(windows, {"C$": None, "ADMIN$": None, "IPC$": None})
    found = await parts()
    assert found["smb1"].values == {SMB1_SERVER: 0, SMB1_CLIENT: 0}
    assert found["shares"].values == {
        posture_sharing.DEFAULT_SHARES: 1, USER_SHARES: 0, OPEN_SHARES: 0,
    }  # fmt: skip
    assert found["rdp"].values == {RDP_ENABLED: 0, RDP_NLA: 1}
    assert found["ssh"].values == {SSH_PASSWORD: 0}


async def test_shares_that_everyone_may_write_are_counted(windows: FakeWindows, parts: Any) -> None:
    shares_of_windows.share(windows, {"C$": None, "资料": OPEN, "作业": CLOSED})
    assert (await parts())["shares"].values[OPEN_SHARES] == 1


async def test_ordinary_user_sees_shares_and_not_who_may_write(
    windows: FakeWindows, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.sharing.windows.privilege", lambda: "user")
    shares_of_windows.share(windows, {"C$": None, "资料": OPEN}, admin=False)
    readings = await measure(PostureSharing(NoSettings()))
    known, unknown = (r for r in readings if r.labels["part"] == "shares")
    assert known.values == {posture_sharing.DEFAULT_SHARES: 1, USER_SHARES: 1}
    assert unknown.reason == "no_privilege"


@pytest.mark.parametrize(
    ("code", "values", "reason"),
    [(2114, {0.0}, ""), (5, set(), "no_privilege"), (1234, set(), "unreadable")],
)
async def test_what_the_api_answers_instead_of_shares(
    code: int, values: set[float], reason: str, windows: FakeWindows, parts: Any
) -> None:
    shares_of_windows.refuse(windows, code)
    found = (await parts())["shares"]
    assert (set(found.values.values()), found.reason) == (values, reason)


@pytest.mark.parametrize(
    ("changes", "server", "client"),
    [
        ({}, 0, 0),
        ({"srv": 3}, 1, 0),
        ({"srv": 3, "SMB1": 0}, 0, 0),
        ({"srv": 4}, 0, 0),
        ({"mrxsmb10": 2}, 0, 1),
        ({"mrxsmb10": 4}, 0, 0),
        ({"build": "7601", "srv": 3, "mrxsmb10": 3}, 1, 1),
        ({"build": "7601", "SMB1": 0, "mrxsmb10": 3}, 0, 1),
        ({"build": "14393", "srv": 3}, 1, 0),
        ({"build": "14393"}, 0, 0),
        ({"build": "7601"}, 1, 0),
        ({"build": "14393", "srv": 3, "LanmanServer": 4}, 0, 0),
        ({"build": "?"}, None, 0),
        ({"SMB1": "错误"}, None, 0),
        ({"LanmanServer": None}, None, 0),
        ({"LanmanWorkstation": None}, 0, None),
    ],
)
async def test_smb1_hangs_on_build_setting_and_driver(
    changes: dict[str, Any],
    server: int | None,
    client: int | None,
    windows: FakeWindows,
    parts: Any,
) -> None:
    shares_of_windows.change(windows, **changes)
    values = (await parts())["smb1"].values
    assert (values.get(SMB1_SERVER), values.get(SMB1_CLIENT)) == (server, client)


TERMINAL = shares_of_windows.TERMINAL
POLICY = shares_of_windows.TERMINAL_POLICY


@pytest.mark.parametrize(
    ("changes", "enabled", "nla"),
    [
        ({TERMINAL: {"fDenyTSConnections": 0}}, 1, 1),
        ({TERMINAL: {"fDenyTSConnections": 0}, POLICY: {"fDenyTSConnections": 1}}, 0, 1),
        ({POLICY: {"fDenyTSConnections": 0, "UserAuthentication": 0}}, 1, 0),
        ({rf"{TERMINAL}\WinStations\RDP-Tcp": {}}, 0, None),
        ({TERMINAL: {}}, None, 1),
        ({TERMINAL: {"fDenyTSConnections": "0"}}, None, 1),
    ],
)
async def test_policy_overrides_the_local_setting_of_the_remote_desktop(
    changes: dict[str, dict[str, Any]],
    enabled: int | None,
    nla: int | None,
    windows: FakeWindows,
    parts: Any,
) -> None:
    windows.have({**shares_of_windows.STANDARD, **changes})
    values = (await parts())["rdp"].values
    assert (values.get(RDP_ENABLED), values.get(RDP_NLA)) == (enabled, nla)


async def test_registry_that_may_not_be_read_is_said(windows: FakeWindows, parts: Any) -> None:
    windows.registry.denied.add(rf"{shares_of_windows.SERVICES}\LanmanServer".lower())
    assert (await parts())["smb1"].reason == "no_privilege"


async def test_ssh_on_windows_is_read_where_it_is_installed(
    windows: FakeWindows, parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares_of_windows.change(windows, sshd=2)
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path))
    assert (await parts())["ssh"].reason == "no_source"
    (tmp_path / "ssh").mkdir()
    conf = tmp_path / "ssh/sshd_config"
    conf.write_text("Match Group administrators\n  AuthorizedKeysFile __PROGRAMDATA__/ssh/keys\n")
    assert (await parts())["ssh"].values == {SSH_PASSWORD: 1}
    conf.write_text("Include __PROGRAMDATA__/ssh/more.conf\nUsePAM yes\n")
    (tmp_path / "ssh/more.conf").write_text("PasswordAuthentication no\n")
    assert (await parts())["ssh"].values == {SSH_PASSWORD: 0}


async def test_what_a_system_cannot_have_is_not_here_and_not_merely_absent(
    machine: Machine, windows: FakeWindows, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing() -> set[tuple[str, str]]:
        readings = await measure(PostureSharing(NoSettings()))
        return {(r.labels["part"], r.reason) for r in readings if r.outcome is not Outcome.OK}

    assert ("ssh", "not_here") in await missing()  # Windows has no root
    monkeypatch.setattr("platform.system", lambda: "Linux")
    assert ("shares", "not_here") in await missing()
    machine.write("etc/openwrt_release", "")
    assert ("shares", "not_here") in await missing()


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureSharing(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureSharing)
