from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.auditlog import rsyslog

LOCAL = """module(load="imuxsock")
*.*;auth,authpriv.none\t-/var/log/syslog
auth,authpriv.*\t/var/log/auth.log
"""


@pytest.mark.parametrize(
    ("text", "forwards"),
    [
        (LOCAL, False),
        ("*.* @10.1.0.9\n", True),
        ("*.*\t@@county.example:514\n", True),
        ("auth,authpriv.*  @@(o)[2001:db8::9]:10514;RSYSLOG_SyslogProtocol23Format\n", True),
        ("*.info;mail.none @10.1.0.9:514\n", True),
        ("# *.* @10.1.0.9\n", False),
        ("#日志外送 *.* @10.1.0.9\n", False),
        ("*.* @@127.0.0.1:514\n", False),
        ("*.* @localhost\n", False),
        ("mail.* @10.1.0.9\n", False),
        ("*.err @10.1.0.9\n", False),
        ("*.*;auth,authpriv.none @10.1.0.9\n", False),
        ("auth.*;authpriv.none @10.1.0.9\n", True),
        ('action(type="omfwd" target="10.1.0.9" port="514" protocol="tcp")\n', True),
        ('*.* action(type="omfwd"\n  target="10.1.0.9"\n  port="514")\n', True),
        ('kern.* action(type="omfwd" target="10.1.0.9")\n', False),
        ('action(type="omrelp" target="10.1.0.9" port="2514")\n', True),
        ('action(type="omfile" file="/var/log/all")\n', False),
        ('action(type="omfwd" target="127.0.0.1")\n', False),
        (':msg, contains, "x" @10.1.0.9\n', None),
        ('if $programname == "sshd" then {\n  action(type="omfwd" target="10.1.0.9")\n}\n', None),
        ('ruleset(name="out") {\n*.* @10.1.0.9\n}\n', None),
        ("kern.* /var/log/kern.log\n& @10.1.0.9\n", None),
    ],
)
def test_logs_of_logins_go_to_another_machine(text: str, forwards: bool | None) -> None:
    assert rsyslog.forwards([LOCAL, text]) is forwards


@pytest.mark.parametrize(
    "include", ["$IncludeConfig /etc/rsyslog.d/*.conf", 'include(file="/etc/rsyslog.d/*.conf")']
)
def test_included_files_are_read(include: str, tmp_path: Path) -> None:
    folder = tmp_path / "etc/rsyslog.d"
    folder.mkdir(parents=True)
    (tmp_path / rsyslog.MAIN).write_text(f"{LOCAL}{include}\n")
    (folder / "50-county.conf").write_bytes("# 发往区里\n".encode("gbk") + b"*.* @@10.1.0.9:514\n")
    (folder / "old.conf.bak").write_text("garbage")
    assert rsyslog.forwards(rsyslog.texts(tmp_path)) is True
    (tmp_path / rsyslog.MAIN).write_text(LOCAL)
    assert rsyslog.forwards(rsyslog.texts(tmp_path)) is False


@pytest.mark.parametrize("dropped", ["auth,authpriv.* stop", "auth.*;authpriv.* ~",
                                     "auth.* /var/log/auth.log\n& stop"])  # fmt: skip
def test_logins_that_may_be_dropped_before_are_not_known_to_be_sent(dropped: str) -> None:
    assert rsyslog.forwards([f"{dropped}\n*.* @@10.1.0.9:514\n"]) is None


@pytest.mark.parametrize(
    "dropped", ["mail.* stop", ':msg, contains, "UFW" /var/log/ufw.log\n& stop']
)
def test_other_messages_that_are_dropped_change_nothing(dropped: str) -> None:
    assert rsyslog.forwards([f"{dropped}\n*.* @@10.1.0.9:514\n"]) is True


def test_machine_without_rsyslog_sends_nothing_by_it(tmp_path: Path) -> None:
    assert rsyslog.forwards(rsyslog.texts(tmp_path)) is False


@pytest.mark.parametrize("pattern", ["/", "", "../../etc/*", "/etc/[", "/proc/../etc/x"])
def test_patterns_of_no_sense_include_nothing(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / rsyslog.MAIN).write_text(f"$IncludeConfig {pattern}\n")
    assert len(rsyslog.texts(tmp_path)) == 1


@given(st.text())
def test_text_without_an_address_forwards_nothing(text: str) -> None:
    answer = rsyslog.forwards([text])
    assert answer is False or "@" in text or "action" in text.lower()


@given(st.lists(st.sampled_from(["*.*", "auth.*", "mail.err", "@", "10.1.0.9", "#", "\n", " ", "{",
                                 "}", "if", 'action(type="omfwd" target="h")', "&"])))  # fmt: skip
def test_pieces_in_any_order_are_told_without_a_fault(pieces: list[str]) -> None:
    assert rsyslog.forwards(["".join(pieces)]) in (True, False, None)
