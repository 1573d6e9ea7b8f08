from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.sharing.linux import included
from probes.sharing.sshd import Settings, parse, password_suffices, root_may_log_in

DEBIAN = """
# 系统自带的设置
Include /etc/ssh/sshd_config.d/*.conf
#PermitRootLogin prohibit-password
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
"""


def nothing(pattern: str) -> list[str]:
    return []


def facts(text: str) -> tuple[bool | None, bool | None]:
    settings = parse(text, nothing)
    return root_may_log_in(settings), password_suffices(settings)


def test_debian_as_it_comes_lets_root_in_by_key_and_others_by_password() -> None:
    assert facts(DEBIAN) == (True, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (True, True)),
        ("PermitRootLogin no\nPasswordAuthentication no", (False, False)),
        ('permitrootlogin=NO\npasswordauthentication "no" # 说明', (False, False)),
        ("PermitRootLogin no\nPermitRootLogin yes", (False, True)),
        ("PermitRootLogin forced-commands-only\nPasswordAuthentication no", (True, False)),
        # through PAM a password is asked for all the same
        ("PasswordAuthentication no\nUsePAM yes", (True, True)),
        (
            "PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no",
            (True, False),
        ),
        ("AuthenticationMethods publickey", (True, False)),
        ("AuthenticationMethods publickey,password", (True, False)),
        ("AuthenticationMethods publickey password", (True, True)),
        ("AuthenticationMethods any", (True, True)),
        ("AuthenticationMethods keyboard-interactive:pam\nUsePAM yes", (True, True)),
        ("DenyUsers guest root", (False, True)),
    ],
)
def test_first_value_of_a_keyword_counts(text: str, expected: tuple[bool, bool]) -> None:
    assert facts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes", (None, True)),
        ("PermitRootLogin yes\nMatch User root\n  PermitRootLogin no", (None, True)),
        ("PermitRootLogin no\nMatch User x\n  PermitRootLogin no", (False, True)),
        ("PasswordAuthentication no\nMatch Group 教师\n PasswordAuthentication yes", (True, None)),
        ("Match User x\n  X11Forwarding no", (True, True)),
        ("PasswordAuthentication no\nMatch all\nAuthenticationMethods publickey", (True, False)),
        ("AllowUsers teacher", (None, True)),
        ("AllowGroups ssh", (None, True)),
        ("PermitRootLogin maybe\nPasswordAuthentication perhaps", (None, None)),
    ],
)
def test_what_hangs_on_who_comes_is_not_known(text: str, expected: tuple[bool, bool]) -> None:
    assert facts(text) == expected


def test_windows_asks_for_no_password_through_pam() -> None:
    settings = parse("PasswordAuthentication no\nUsePAM yes", nothing)
    assert password_suffices(settings, pam=False) is False


def write(root: Path, **files: str) -> Path:
    folder = root / "etc/ssh/sshd_config.d"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)
    return root


def reader(root: Path) -> Callable[[str], list[str]]:
    return lambda pattern: included(root, Path("etc/ssh"), pattern)


def test_included_files_count_where_they_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, b="PermitRootLogin yes", a="PermitRootLogin no")
    for pattern in ("sshd_config.d/*.conf", "/etc/ssh/sshd_config.d/*.conf"):
        settings = parse(f"Include {pattern}\nPermitRootLogin yes", reader(tmp_path))
        assert root_may_log_in(settings) is False
    behind = parse("PermitRootLogin yes\nInclude sshd_config.d/*.conf", reader(tmp_path))
    assert root_may_log_in(behind) is True


def test_hidden_files_are_not_meant_by_a_star(tmp_path: Path) -> None:
    write(tmp_path, a="UsePAM yes")
    (tmp_path / "etc/ssh/sshd_config.d/.old.conf").write_text("PermitRootLogin no")
    assert root_may_log_in(parse("Include sshd_config.d/*", reader(tmp_path))) is True
    assert root_may_log_in(parse("Include sshd_config.d/.*", reader(tmp_path))) is False
    assert root_may_log_in(parse("Include /nowhere/*.conf", reader(tmp_path))) is True


def test_folder_that_may_not_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a="PermitRootLogin no")

    def closed(path: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", closed)
    with pytest.raises(PermissionError):
        parse("Include sshd_config.d/*.conf", reader(tmp_path))


def test_pattern_of_folders_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="conf"):
        parse("Include /etc/*/sshd.conf", reader(tmp_path))


def test_match_block_ends_with_the_file_it_stands_in(tmp_path: Path) -> None:
    write(tmp_path, a="Match User x\nPasswordAuthentication no")
    settings = parse("Include sshd_config.d/*\nPermitRootLogin no", reader(tmp_path))
    assert (root_may_log_in(settings), password_suffices(settings)) == (False, None)


def test_file_included_in_a_match_block_holds_for_some_only(tmp_path: Path) -> None:
    write(tmp_path, a="PermitRootLogin no")
    settings = parse("Match User x\nInclude sshd_config.d/*", reader(tmp_path))
    assert root_may_log_in(settings) is None


def test_files_that_include_each_other_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, a="Include sshd_config.d/a.conf")
    with pytest.raises(ValueError, match="includes"):
        parse("Include sshd_config.d/a.conf", reader(tmp_path))


WORDS = st.sampled_from([
    "PermitRootLogin", "PasswordAuthentication", "Match", "Include", "UsePAM", "yes", "no",
    "any", "AuthenticationMethods", "AllowUsers", "root", "=", '"', "#", "\t", "教师",
    "publickey", ",",
])  # fmt: skip
LINES = st.lists(st.lists(WORDS, max_size=5).map(" ".join) | st.text(max_size=30), max_size=12)


@given(LINES.map("\n".join))
def test_any_text_gives_an_answer_or_the_declared_error(text: str) -> None:
    try:
        settings = parse(text, nothing)
    except ValueError:
        return
    assert root_may_log_in(settings) in (True, False, None)
    assert password_suffices(settings) in (True, False, None)


VALUES = st.sampled_from(["yes", "no"])
METHODS = st.sampled_from(["", "any", "publickey", "password", "publickey,password"])


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("keys") / "host"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    return key


CASES = [
    "",
    "PermitRootLogin no",
    "PermitRootLogin=without-password\nPermitRootLogin no",
    'PasswordAuthentication "no"',
    "PasswordAuthentication no\nUsePAM yes",
    "passwordauthentication no # remark\nChallengeResponseAuthentication no\nUsePAM yes",
    "AuthenticationMethods publickey,password publickey",
    "AuthenticationMethods any",
    "Include {folder}/*.conf\nPermitRootLogin yes",
    "PermitRootLogin yes\nInclude {folder}/*.conf",
]


@pytest.mark.root
@pytest.mark.server("sshd", "ssh-keygen")
@pytest.mark.parametrize("text", CASES)
def test_openssh_itself_reads_the_same(text: str, host_key: Path, tmp_path: Path) -> None:
    """`sshd -T` prints the settings that are in force, one a line."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "a.conf").write_text("PermitRootLogin no\nPasswordAuthentication no\n")
    text = text.format(folder=folder)
    config = tmp_path / "sshd_config"
    config.write_text(f"HostKey {host_key}\n{text}\n")
    told = subprocess.run(
        ["sshd", "-T", "-f", config], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    ours = parse(config.read_text(), lambda p: included(Path("/"), Path("etc/ssh"), p))
    theirs = parse(told, nothing)
    assert root_may_log_in(ours) == root_may_log_in(theirs)
    assert password_suffices(ours) == password_suffices(theirs)


@given(VALUES, VALUES, VALUES, METHODS)
def test_a_key_is_never_said_to_be_needed_while_password_authentication_is_on(
    root: str, password: str, pam: str, methods: str
) -> None:
    lines = [f"PermitRootLogin {root}", f"PasswordAuthentication {password}", f"UsePAM {pam}"]
    lines += [f"AuthenticationMethods {methods}"] if methods else []
    suffices = password_suffices(parse("\n".join(lines), nothing))
    if password == "yes" and methods in ("", "any", "password"):
        assert suffices is True
    if methods in ("publickey", "publickey,password"):
        assert suffices is False


def test_nothing_set_is_openssh_s_default() -> None:
    assert (root_may_log_in(Settings()), password_suffices(Settings())) == (True, True)
