from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.accounts import pam, quality
from probes.accounts.quality import Demand
from probes.model import ProbeError

UNIX = "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n"
END = "password requisite pam_deny.so\npassword required pam_permit.so\n"
QUALITY = "password requisite pam_pwquality.so retry=3\n"


def asked(tmp_path: Path, stack: str, **files: str) -> Demand | None:
    """Of a machine with this common-password; `files`: path below /etc, with __ for /."""
    write(tmp_path, "pam.d/passwd", "@include common-password\n")
    write(tmp_path, "pam.d/common-password", stack)
    for name, text in files.items():
        write(tmp_path, name.replace("__", "/") + ".conf", text)
    return quality.demand(tmp_path, quality.stack(tmp_path))


def write(root: Path, name: str, text: str | bytes) -> None:
    path = root / "etc" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("stack", "settings", "demand"),
    [
        (UNIX + END, "", Demand(6, 1)),
        ("password sufficient pam_unix.so minlen=10 remember=5\n", "", Demand(10, 1)),
        (QUALITY + UNIX, "", Demand(8, 1)),
        (QUALITY + UNIX, "minlen = 12\nminclass = 3\n", Demand(12, 3)),
        (QUALITY + UNIX, "minlen = 12\ndcredit = 2\nucredit = 1\n", Demand(9, 1)),
        (QUALITY + UNIX, "minlen=8\ndcredit=-1\nucredit=-1\nlcredit=-1\nocredit=-1", Demand(8, 4)),
        (QUALITY + UNIX, "minlen = 14\nenforcing = 0\n", Demand(6, 1)),
        (QUALITY.replace("retry=3", "minlen=16") + UNIX, "minlen = 8\n", Demand(16, 1)),
        ("password optional pam_pwquality.so minlen=16\n" + UNIX, "", Demand(6, 1)),
        ("password required pam_cracklib.so minlen=12\n" + UNIX, "", Demand(8, 1)),
        ("password required pam_cracklib.so\n" + UNIX, "", Demand(6, 1)),
        ("# password requisite pam_pwquality.so minlen=16\n" + UNIX, "", Demand(6, 1)),
        ("password [default=die] pam_pwquality.so \\\n  minlen=11\n" + UNIX, "", Demand(11, 1)),
    ],
)
def test_shortest_password_is_what_binding_modules_let_through(
    stack: str, settings: str, demand: Demand, tmp_path: Path
) -> None:
    assert asked(tmp_path, stack, security__pwquality=settings) == demand


@pytest.mark.parametrize(
    ("stack", "settings"),
    [
        (QUALITY + UNIX, "minlen = 十二\n"),
        (QUALITY + UNIX, "minlen =\n"),
        ("password sufficient pam_permit.so\n" + QUALITY + UNIX, "minlen = 12\n"),
        ("password [success=1 default=ignore] pam_succeed_if.so\n" + QUALITY + UNIX, ""),
        ("password required pam_passwdqc.so min=disabled,24,11,8,7\n" + UNIX, ""),
        ("password requisite pam_deepin_pw_check.so\n" + UNIX, ""),
        ("", ""),
    ],
)
def test_what_cannot_be_told_is_unknown_and_no_rule(
    stack: str, settings: str, tmp_path: Path
) -> None:
    assert asked(tmp_path, stack, security__pwquality=settings) is None


UOS = """# 密码策略
[Password]
STRONG_PASSWORD = true
PASSWORD_MIN_LENGTH = 8
PASSWORD_MAX_LENGTH = 512
VALIDATE_POLICY = "1234567890;abcdefghijklmnopqrstuvwxyz;ABCDEFGHIJKLMNOPQRSTUVWXYZ;~!@#$%^&*()"
VALIDATE_REQUIRED = 3
"""


@pytest.mark.parametrize(
    ("settings", "demand"),
    [
        (UOS, Demand(8, 3)),
        (UOS.replace("STRONG_PASSWORD = true", "STRONG_PASSWORD = false"), Demand(6, 1)),
        (UOS.replace("PASSWORD_MIN_LENGTH = 8\n", ""), None),
        (UOS.replace("STRONG_PASSWORD = true\n", ""), None),
        (UOS.replace("= 3", "= 九"), None),
    ],
)
def test_uos_is_read_from_its_own_file(
    settings: str, demand: Demand | None, tmp_path: Path
) -> None:
    stack = "password requisite pam_deepin_pw_check.so\n" + UNIX
    assert asked(tmp_path, stack, deepin__dde=settings) == demand


def test_comments_in_gbk_hide_nothing(tmp_path: Path) -> None:
    settings = "# 密码至少十二位，含三类字符\n".encode("gbk") + b"minlen = 12\nminclass = 3\n"
    write(tmp_path, "security/pwquality.conf", settings)
    assert asked(tmp_path, QUALITY + UNIX) == Demand(12, 3)


@pytest.mark.parametrize(
    ("stack", "remembered"),
    [
        (UNIX, 0),
        ("password sufficient pam_unix.so remember=5\n", 5),
        ("password required pam_pwhistory.so remember=24 use_authtok\n" + UNIX, 24),
        ("password required pam_pwhistory.so\n" + UNIX, 10),
        ("password optional pam_pwhistory.so remember=24\n" + UNIX, 0),
        ("password required pam_pwhistory.so remember=x\n" + UNIX, None),
    ],
)
def test_history_is_what_the_stack_remembers(
    stack: str, remembered: int | None, tmp_path: Path
) -> None:
    write(tmp_path, "pam.d/passwd", stack)
    assert quality.remembered(tmp_path, quality.stack(tmp_path)) == remembered


def test_red_hats_kin_are_followed_through_substack(tmp_path: Path) -> None:
    write(tmp_path, "pam.d/passwd", "password substack system-auth\n-password optional pam_x.so\n")
    write(tmp_path, "pam.d/system-auth", "auth required pam_env.so\n" + QUALITY + UNIX)
    write(tmp_path, "security/pwquality.conf", "minlen = 9\n")
    write(tmp_path, "security/pwquality.conf.d/50-school.conf", "minlen = 10\n")
    assert quality.demand(tmp_path, quality.stack(tmp_path)) == Demand(10, 1)


def test_files_that_include_one_another_end(tmp_path: Path) -> None:
    write(tmp_path, "pam.d/passwd", "@include passwd\n")
    with pytest.raises(ProbeError, match="understood"):
        quality.stack(tmp_path)


def test_machine_without_pam_has_no_stack(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        quality.stack(tmp_path)


NUMBERS = st.integers(-9, 99).map(str) | st.text(max_size=4)
SETTINGS = st.dictionaries(
    st.sampled_from(
        ["minlen", "minclass", "dcredit", "ucredit", "lcredit", "ocredit", "enforcing"]
    ),
    NUMBERS,
)


@given(SETTINGS)
@example({"enforcing": "x"})
@example({"minlen": "٣٣"})
def test_no_settings_yield_more_than_they_ask_for(settings: dict[str, str]) -> None:
    demand = quality.quality(settings, 8, 0)
    if demand is None:
        return
    written = settings.get("minlen", "8")
    assert demand.length <= max(6, int(written) if re.fullmatch(r"-?[0-9]+", written) else 0)
    negative = sum(word.startswith("-") for name, word in settings.items() if "credit" in name)
    assert demand.kinds <= max(negative, int(settings.get("minclass", "0") or 0), 0)


@given(st.text())
def test_text_of_no_sense_is_no_policy(text: str) -> None:
    demand = quality.deepin(text)
    assert demand is None or demand == Demand(1, 1)
    assert isinstance(quality.assignments([text]), dict)


@given(st.text())
@example("password [ pam_unix.so")
@example("@include a b")
def test_stack_of_no_sense_is_refused_in_one_way(text: str) -> None:
    try:
        lines = pam.parse(text)
    except ProbeError:
        return
    assert all(line.kind == line.kind.lower() for line in lines)
