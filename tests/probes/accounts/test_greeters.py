from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import keyfile
from probes.accounts import greeters
from probes.model import ProbeError


def write(root: Path, name: str, text: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def manager(root: Path, name: str) -> None:
    link = root / greeters.LINK
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"/lib/systemd/system/{name}.service")


@pytest.mark.parametrize(
    ("name", "path", "text", "logs_in"),
    [
        ("lightdm", "etc/lightdm/lightdm.conf", "[Seat:*]\nautologin-user=pupil\n", True),
        ("lightdm", "etc/lightdm/lightdm.conf", "[Seat:*]\n  autologin-user = pupil\n", True),
        ("lightdm", "etc/lightdm/lightdm.conf", "[Seat:*]\n#autologin-user=pupil\n", False),
        ("lightdm", "etc/lightdm/lightdm.conf", "[SeatDefaults]\nautologin-guest=true\n", True),
        ("lightdm", "usr/share/lightdm/lightdm.conf.d/9.conf", "[Seat:0]\nautologin-user=a", True),
        ("lightdm", "etc/lightdm/lightdm.conf", "[Seat:*]\nautologin-user=\n", False),
        ("gdm3", "etc/gdm3/custom.conf", "[daemon]\nAutomaticLoginEnable=True\n", True),
        ("gdm", "etc/gdm/custom.conf", "[daemon]\nTimedLoginEnable=true\n", True),
        ("gdm3", "etc/gdm3/daemon.conf", "[daemon]\n# AutomaticLoginEnable = true\n", False),
        ("sddm", "etc/sddm.conf.d/kde.conf", "[Autologin]\nUser=张\n", True),
        ("sddm", "etc/sddm.conf", "[Autologin]\nUser=\n", False),
    ],
)
def test_display_manager_that_logs_in_by_itself_is_seen(
    name: str, path: str, text: str, logs_in: bool, tmp_path: Path
) -> None:
    manager(tmp_path, name)
    write(tmp_path, path, "# 自动登录\n".encode("gbk") + text.encode())
    assert greeters.auto_logon(tmp_path) is logs_in


@pytest.mark.parametrize(
    ("path", "text", "logs_in"),
    [
        ("getty@tty1.service.d/auto.conf", "ExecStart=-/sbin/agetty --autologin root %I", True),
        ("serial-getty@ttyS0.service.d/a.conf", "ExecStart=-/sbin/agetty -a pupil %I", True),
        ("getty@tty1.service.d/auto.conf", "ExecStart=-/sbin/agetty -o '-p -- \\u' %I", False),
        ("getty@tty1.service.d/auto.conf", "#ExecStart=-/sbin/agetty --autologin root", False),
    ],
)
def test_console_that_logs_in_by_itself_is_seen(
    path: str, text: str, logs_in: bool, tmp_path: Path
) -> None:
    write(tmp_path, f"etc/systemd/system/{path}", f"[Service]\nExecStart=\n{text}\n")
    assert greeters.auto_logon(tmp_path) is logs_in


def test_display_manager_that_is_not_known_is_no_proof(tmp_path: Path) -> None:
    write(tmp_path, "etc/X11/default-display-manager", "/usr/sbin/lxdm\n")
    with pytest.raises(ProbeError) as caught:
        greeters.auto_logon(tmp_path)
    assert caught.value.reason == "no_source"


@pytest.mark.parametrize(
    ("text", "has_program", "guests"),
    [
        ("", True, True),  # lightdm lets guests in unless it is told not to
        ("", False, False),
        ("[Seat:*]\nallow-guest=false\n", True, False),
        ("[Seat:0]\nallow-guest=false\n[Seat:1]\nallow-guest=true\n", True, True),
        ("[Seat:*]\nguest-account-script=/opt/guest\n", False, True),
    ],
)
def test_guest_sessions_of_lightdm(
    text: str, has_program: bool, guests: bool, tmp_path: Path
) -> None:
    manager(tmp_path, "lightdm")
    write(tmp_path, "etc/lightdm/lightdm.conf", text)
    if has_program:
        write(tmp_path, "usr/sbin/guest-account", "")
    assert greeters.guest_sessions(tmp_path) is guests


def test_other_display_managers_have_no_guests(tmp_path: Path) -> None:
    manager(tmp_path, "gdm3")
    assert greeters.guest_sessions(tmp_path) is False


@pytest.mark.parametrize(
    ("option", "open_"), [("", True), ("\toption ttylogin '1'\n", False),
                          ("\toption ttylogin '0'\n", True), ("\toption ttylogin 'x'\n", None)]
)  # fmt: skip
def test_console_of_openwrt(option: str, open_: bool | None, tmp_path: Path) -> None:
    write(tmp_path, "etc/config/system", f"config system\n\toption hostname 'OpenWrt'\n{option}")
    assert greeters.openwrt_console(tmp_path) is open_


def test_openwrt_without_settings_tells_nothing(tmp_path: Path) -> None:
    assert greeters.openwrt_console(tmp_path) is None


@given(st.text())
def test_any_text_is_settings_without_a_fault(text: str) -> None:
    settings = keyfile.sections(text)
    for logs_in in (greeters.lightdm_logs_in, greeters.gdm_logs_in, greeters.sddm_logs_in):
        assert logs_in(settings) in (True, False)
    assert all(key == key.strip() for keys in settings.values() for key in keys)
