from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from probes import default_route, interfaces
from probes.interfaces import Link
from probes.measuring import line as module
from probes.measuring.line import header_bytes, line_of
from probes.measuring.permit import Direction
from probes.model import ProbeError

DOWN, UP = Direction.DOWN, Direction.UP


@pytest.fixture
def interface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a folder as those of /sys/class/net."""

    def make(name: str, **files: str) -> Path:
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text + "\n", encoding="ascii")
        return tmp_path / name

    monkeypatch.setattr(module, "SYSTEM_INTERFACES", tmp_path)
    return make


@pytest.mark.parametrize(
    ("kind", "device", "expected"),
    [
        ("1", "", {DOWN: 14, UP: 14}),
        ("1", "wlan", {DOWN: 14, UP: 14}),
        ("512", "ppp", {DOWN: 0, UP: 0}),
        ("65534", "", {DOWN: 0, UP: 0}),
        ("1", "bridge", {DOWN: 0, UP: 14}),
        ("1", "vlan", {DOWN: 0, UP: 14}),
    ],
)
def test_header_is_that_of_the_kind_of_interface(
    interface: Callable[..., Path], kind: str, device: str, expected: dict[Direction, int]
) -> None:
    told = f"DEVTYPE={device}\nINTERFACE=x" if device else "INTERFACE=x"
    assert header_bytes(interface("x", type=kind, uevent=told)) == expected


def test_line_is_the_interface_of_the_default_route(
    interface: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (interface("wlan0", type="1", mtu="1500", uevent="DEVTYPE=wlan") / "phy80211").mkdir()
    monkeypatch.setattr(default_route, "default_interface", lambda: "wlan0")
    monkeypatch.setattr(interfaces, "links", lambda: {"wlan0": Link(up=True, megabits=None)})
    found = line_of("")
    assert (found.name, found.link_speed, found.largest_packet) == ("wlan0", None, 1500)
    assert found.is_wireless or not sys.platform.startswith("linux")


def test_speed_of_the_link_is_in_bits(
    interface: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    interface("eth1", type="1")
    monkeypatch.setattr(interfaces, "links", lambda: {"eth1": Link(up=True, megabits=1000)})
    found = line_of("eth1")
    assert (found.link_speed, found.largest_packet) == (1e9, None)


@pytest.mark.parametrize(("setting", "reason"), [("", "no_default_route"), ("x9", "no_interface")])
def test_line_that_is_not_known_has_its_reason(
    setting: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_route, "default_interface", lambda: None)
    with pytest.raises(ProbeError) as caught:
        line_of(setting)
    assert caught.value.reason == reason


@pytest.mark.root
def test_kernel_counts_the_headers_that_are_taken_off(in_namespace: Callable[[str], str]) -> None:
    """A thousand packets of 1000 IP bytes over a veth pair, and between bridges."""
    output = in_namespace(
        """
        one=banjun$$a; other=banjun$$b
        ip netns add $one; ip netns add $other
        trap 'ip netns del $one; ip netns del $other' EXIT
        for name in eth0 port; do
            ip link add $name netns $one type veth peer name $name netns $other
        done
        for side in $one $other; do
            ip -n $side link add br0 type bridge
            ip -n $side link set port master br0
            for name in eth0 port br0; do ip -n $side link set $name up; done
        done
        ip -n $one addr add 192.0.2.1/30 dev eth0; ip -n $other addr add 192.0.2.2/30 dev eth0
        ip -n $one addr add 192.0.2.5/30 dev br0; ip -n $other addr add 192.0.2.6/30 dev br0
        cd "$PYTHONPATH"
        for way in 'eth0 192.0.2.2' 'br0 192.0.2.6'; do
            set -- $way
            ip netns exec $other "$PYTHON" -m tests.lab.counted $1 "" & far=$!
            sleep 1
            ip netns exec $one "$PYTHON" -m tests.lab.counted $1 $2
            wait $far
        done
        """
    )
    seen = [json.loads(line) for line in output.splitlines()]
    assert sorted(direction for direction, _, _ in seen) == ["down", "down", "up", "up"]
    for _, ip_bytes, packets in seen:
        assert packets >= 1000
        # Some small ones are among them; a header that was left in would make it 1014.
        assert 988 < ip_bytes / packets < 1001
