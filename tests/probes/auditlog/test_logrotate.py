from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.auditlog import logrotate
from probes.auditlog.logrotate import DAY, Rules

HEAD = "# 每周轮转\nweekly\nrotate 4\ncreate\ninclude /etc/logrotate.d\n"
AUTH = "/var/log/auth.log"


def keeps(stanza: str, head: str = HEAD) -> int | None:
    rules, found = logrotate.parse(head, Rules())
    return logrotate.keeps(found + logrotate.parse(stanza, rules)[1], AUTH)


@pytest.mark.parametrize(
    ("inside", "days"),
    [
        ("", 28),
        ("rotate 26", 182),
        ("daily\nrotate 180", 180),
        ("monthly\nrotate 6", 168),
        ("rotate 24\nmaxage 90", 90),
        ("rotate 0", 0),
        ("rotate 26\npostrotate\nrotate 1\nendscript\nmissingok", 182),
        ("size 10M", None),
        ("rotate 26\nmaxsize=100M", None),
        ("rotate -1", None),
        ("rotate 二十六", None),
        ("rotate", None),
        ("# rotate 99", 28),
    ],
)
def test_time_that_is_kept_is_the_period_times_the_files(inside: str, days: int | None) -> None:
    found = keeps(f"/var/log/syslog\n{AUTH}\n{{\n{inside}\n}}\n")
    assert found == (None if days is None else days * DAY)


def test_log_is_found_by_its_pattern() -> None:
    assert keeps('"/var/log/*.log" {\n rotate 26\n}\n') == 182 * DAY
    assert keeps("/var/log/auth.log /var/log/x {\nrotate 26\n}\n") == 182 * DAY


@pytest.mark.parametrize("text", ["/var/log/other {\n}\n", "", f"{AUTH} {{\nrotate 26\n"])
def test_log_that_nothing_rotates_is_unknown(text: str) -> None:
    assert keeps(text) is None


def test_period_that_is_set_nowhere_is_unknown() -> None:
    assert keeps(f"{AUTH} {{\nrotate 26\n}}\n", head="") is None


def test_rules_of_one_log_are_not_those_of_another() -> None:
    text = f"/var/log/x {{\nrotate 99\n}}\n{AUTH} {{\n}}\n"
    assert keeps(text) == 28 * DAY


def test_folder_that_is_included_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "etc/logrotate.d"
    folder.mkdir(parents=True)
    (tmp_path / logrotate.MAIN).write_text(HEAD)
    (folder / "rsyslog").write_bytes(
        "# 日志\n".encode("gbk") + f"{AUTH} {{\nrotate 26\n}}".encode()
    )
    assert logrotate.keeps(logrotate.stanzas(tmp_path), AUTH) == 182 * DAY


def test_machine_without_logrotate_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        logrotate.stanzas(tmp_path)


LINES = ["weekly", "daily", "rotate 26", "rotate x", "maxage 9", "size 1M", AUTH + " {", AUTH, "{",
         "}", "postrotate", "endscript", "{ }", "include /x"]  # fmt: skip


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=9)).map("\n".join))
def test_no_lines_keep_longer_than_they_say(text: str) -> None:
    found = keeps(text, head="")
    numbers = [int(word) for word in re.findall(r"rotate (\d+)", text, re.ASCII)]
    assert found is None or found <= 365 * DAY * max(numbers, default=0)
