from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path

import pytest

from config.units.systemd import Service, command_line, system_unit, user_unit

SERVICE = Service(
    name="banjun-agent",
    description="Banjun agent",
    command=(sys.executable, "-m", "agent", "run"),
    state="banjun-agent",
    memory_max="256M",
)
SENTINEL = replace(SERVICE, capabilities=("CAP_NET_RAW",), families=("AF_PACKET",))
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of systemd"
)
LEAST_SECURE = 2.5
"""The most that `systemd-analyze security` may say, of 10; an ordinary service has 9."""


def section(unit: str, name: str = "Service") -> dict[str, str]:
    parser = ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return dict(parser[name])


def test_service_is_an_account_of_its_own_without_rights() -> None:
    service = section(system_unit(SERVICE))
    assert (service["DynamicUser"], service["CapabilityBoundingSet"]) == ("yes", "")
    assert (service["StateDirectory"], service["StateDirectoryMode"]) == ("banjun-agent", "0700")
    assert (service["ProtectSystem"], service["Restart"]) == ("strict", "always")
    assert service["MemoryMax"] == "256M"
    assert "AmbientCapabilities" not in service
    assert section(system_unit(SERVICE), "Unit")["StartLimitIntervalSec"] == "0"


def test_rights_are_granted_only_when_they_are_asked_for() -> None:
    service = section(
        system_unit(
            Service(
                name="x",
                description="x",
                command=("/x",),
                state="x",
                user="banjun",
                capabilities=("CAP_NET_RAW",),
            )
        )
    )
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_RAW"
    assert service["User"] == "banjun"
    assert "DynamicUser" not in service
    assert "MemoryMax" not in service


def test_kinds_of_sockets_are_those_of_every_service_and_what_was_asked_for() -> None:
    plain = "AF_INET AF_INET6 AF_UNIX AF_NETLINK"
    assert section(system_unit(SERVICE))["RestrictAddressFamilies"] == plain
    assert section(system_unit(SENTINEL))["RestrictAddressFamilies"] == f"{plain} AF_PACKET"


@pytest.mark.parametrize(
    ("program", "home"), [("/opt/banjun/x", "yes"), ("/home/wang/x", "read-only")]
)
def test_program_below_home_can_still_be_read(program: str, home: str) -> None:
    unit = system_unit(Service(name="x", description="x", command=(program,), state="x"))
    assert section(unit)["ProtectHome"] == home


def test_words_reach_the_program_as_they_are() -> None:
    line = command_line(["/opt/a b/x", "100%", "$HOME", 'say "hi"', "back\\slash", "plain"])
    assert line == r'"/opt/a b/x" "100%%" "$$HOME" "say \"hi\"" "back\\slash" plain'


@needs_systemd
@pytest.mark.parametrize("write", [system_unit, user_unit])
def test_systemd_finds_nothing_wrong(write: object, tmp_path: Path) -> None:
    assert callable(write)
    path = tmp_path / "banjun-agent.service"
    path.write_text(write(SERVICE))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    own = [line for line in done.stderr.splitlines() if path.name in line]
    assert (done.returncode, own) == (0, [])


@needs_systemd
@pytest.mark.parametrize("service", [SERVICE, SENTINEL], ids=["agent", "sentinel"])
def test_systemd_calls_the_service_secure(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "banjun-agent.service"
    path.write_text(system_unit(service))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip("this systemd-analyze cannot judge a unit file")
    assert float(found[1]) <= LEAST_SECURE
