from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.sharing.samba import (
    Settings,
    Shares,
    count_shares,
    is_installed,
    parse,
    speaks_smb1,
    user_share_is_open,
    version_of,
)

DEBIAN = """
[global]
   workgroup = WORKGROUP
   server role = standalone server
   map to guest = bad user
;  [已停用]
[homes]
   comment = Home Directories
   read only = yes
[printers]
   printable = yes
   path = /var/tmp
[print$]
   path = /var/lib/samba/printers
"""
OLD, NEW = (4, 10), (4, 11)


def nothing(path: str) -> str:
    return ""


def settings(text: str) -> Settings:
    return parse(text, nothing)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("server min protocol = NT1", True),
        ("min protocol = LANMAN2", True),
        ("Server  Min Protocol=core", True),
        ("server min protocol = SMB2", False),
        ("serverminprotocol = smb3_11", False),
        ("server min protocol = SMB2\nserver min protocol = NT1", True),
        ("server min protocol = NT2000", None),
        ("config backend = registry", None),
        ("include = /etc/samba/%m.conf", None),
        ("include = registry", None),
        ("client min protocol = NT1", False),
    ],
)
def test_what_is_set_decides_whether_smb1_is_spoken(line: str, expected: bool | None) -> None:
    assert speaks_smb1(settings(f"[global]\n{line}"), "server", NEW) is expected


def test_without_a_setting_the_version_decides() -> None:
    for side in ("server", "client"):
        assert speaks_smb1(settings(DEBIAN), side, OLD) is True
        assert speaks_smb1(settings(DEBIAN), side, NEW) is False
        assert speaks_smb1(settings(DEBIAN), side, None) is None


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ({"samba": "2:4.17.12+dfsg-0+deb12u4"}, (4, 17)),
        ({"samba": "4.7.6", "samba-libs": "2:4.7.6", "bash": "5.2"}, (4, 7)),
        ({"samba36-server": "3.6.25-14"}, (3, 6)),
        ({"samba": "4.10.1", "samba-libs": "4.11.0"}, None),
        ({"samba": "unknown"}, None),
        ({"bash": "5.2"}, None),
    ],
)
def test_version_is_known_only_where_all_packages_agree(
    packages: dict[str, str], expected: tuple[int, int] | None
) -> None:
    assert version_of(packages) == expected
    assert is_installed(packages) is ("bash" not in packages or len(packages) > 1)


def test_printers_and_what_belongs_to_samba_are_no_shares() -> None:
    assert count_shares(settings(DEBIAN)) == Shares(1, 0)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ("guest ok = yes\nread only = no", Shares(1, 1)),
        ("public = yes\nwriteable = yes", Shares(1, 1)),
        ("Guest OK = True\nwrite ok = 1", Shares(1, 1)),
        ("guest ok = yes", Shares(1, 0)),
        ("writable = yes", Shares(1, 0)),
        ("guest ok = yes\nwritable = yes\nread only = yes", Shares(1, 0)),
        ("guest ok = 也许\nread only = no", Shares(1, None)),
        ("copy = other", Shares(1, None)),
        ("guest ok = yes\nread only = no\navailable = no", Shares(0, 0)),
        ("comment = 一\\\n 二\nguest ok = yes\nread only = no", Shares(1, 1)),
    ],
)
def test_share_is_open_when_guests_may_write(share: str, expected: Shares) -> None:
    assert count_shares(settings(f"[资料]\n path = /srv\n{share}")) == expected


def test_setting_of_a_share_in_global_is_every_share_s_default() -> None:
    text = "[global]\nguest ok = yes\nread only = no\n[a]\n[b]\nread only = yes\n"
    assert count_shares(settings(text)) == Shares(2, 1)


def test_included_file_counts_where_it_stands() -> None:
    files = {
        "/etc/samba/more.conf": "server min protocol = NT1\n[open]\nguest ok=yes\nread only=no"
    }
    text = "[global]\ninclude = /etc/samba/more.conf\npath = /srv\n"
    found = parse(text, lambda path: files.get(path, ""))
    assert speaks_smb1(found, "server", NEW) is True
    assert count_shares(found) == Shares(1, 1)


@pytest.mark.parametrize(
    ("acl", "guests", "expected"),
    [
        ("S-1-1-0:F", "y", True),
        ("S-1-5-21-1-2-3-1001:R,S-1-1-0:F", "y", True),
        ("S-1-1-0:R", "y", False),
        ("S-1-1-0:F", "n", False),
    ],
)
def test_share_of_a_user_is_open_when_everyone_has_full_control(
    acl: str, guests: str, expected: bool
) -> None:
    text = (
        f"#VERSION 2\npath=/srv\ncomment=\nusershare_acl={acl},\nguest_ok={guests}\nsharename=a\n"
    )
    assert user_share_is_open(text) is expected


def test_share_of_a_user_without_permissions_is_not_known() -> None:
    assert user_share_is_open("path=/srv\n") is None


WORDS = st.sampled_from([
    "[global]", "[a]", "[", "]", "guest ok", "read only", "= yes", "=no", "\\", ";", "=",
    "include", "server min protocol = NT1", "copy = a", "writable = yes", "资料", "%m",
])  # fmt: skip


@given(st.lists(WORDS | st.text(max_size=20), max_size=15).map("\n".join))
def test_any_text_gives_an_answer_or_the_declared_error(text: str) -> None:
    try:
        found = settings(text)
    except ValueError:
        return
    assert speaks_smb1(found, "server", None) in (True, False, None)
    counted = count_shares(found)
    assert counted is None or counted.open is None or 0 <= counted.open <= counted.count


@given(st.text(max_size=60))
def test_any_share_of_a_user_gives_an_answer(text: str) -> None:
    assert user_share_is_open(text) in (True, False, None)


SAME = [
    "[global]\nserver min protocol = NT1\n[a]\npath=/tmp\npublic = yes\nwriteable = yes\n",
    "[global]\nmin protocol = SMB2\n[a]\npath=/tmp\nguest ok = yes\n",
    "[global]\nguest ok = yes\nread only = no\n[a]\npath=/tmp\n[b]\npath=/tmp\nread only = yes\n",
    "[a]\npath = /tmp\nguest ok = yes\nwrite ok = yes\nread only = yes\n",
]


@pytest.mark.server("testparm")
@pytest.mark.parametrize("text", SAME)
def test_samba_itself_reads_the_same(text: str, tmp_path: Path) -> None:
    """`testparm -v` prints every setting that is in force, defaults too."""
    path = tmp_path / "smb.conf"
    path.write_text(text)
    told = subprocess.run(
        ["testparm", "-s", "-v", str(path)], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    theirs = settings(told)
    assert count_shares(settings(text)) == count_shares(theirs)
    ours = speaks_smb1(settings(text), "server", NEW)
    assert ours is speaks_smb1(theirs, "server", None)
