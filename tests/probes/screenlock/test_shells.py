from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.screenlock import shells
from probes.screenlock.lock import OFF, UNTOLD, Lock


@pytest.mark.parametrize(
    ("text", "lock"),
    [
        ("TMOUT=300\nexport TMOUT\n", Lock(True, 300)),
        ("readonly TMOUT=600\n", Lock(True, 600)),
        ("declare -xr TMOUT=900\n", Lock(True, 900)),
        ('export TMOUT="300"\n', Lock(True, 300)),
        ("TMOUT=0\n", OFF),
        ("# TMOUT=300\n", OFF),
        ("umask 022\n", OFF),
        ("TMOUT=300\nunset TMOUT\n", OFF),
        ("TMOUT=300\nTMOUT=3600\n", Lock(True, 3600)),
        ('if [ "$UID" = 0 ]; then\n  TMOUT=300\nfi\n', UNTOLD),
        ("limit() {\nTMOUT=300\n}\n", UNTOLD),
        ("if [ -d /etc/profile.d ]; then\n  . x\nfi\nTMOUT=300 # 空闲\n", Lock(True, 300)),
        ("TMOUT=300; TMOUT=0\n", UNTOLD),
        ("TMOUT=300 sh -c true\n", UNTOLD),
        ("TMOUT=300; export TMOUT\n", Lock(True, 300)),
        ('readonly TMOUT="300"; readonly TMOUT; export TMOUT # 空闲\n', Lock(True, 300)),
        ("TMOUT=$LIMIT\n", UNTOLD),
        ("TMOUT=\n", UNTOLD),
        ("[ -t 0 ] && TMOUT=300\n", UNTOLD),
    ],
)
def test_shells_end_as_profiles_say(text: str, lock: Lock) -> None:
    assert shells.of_texts([text]) == lock


def test_all_files_that_shells_read_count(tmp_path: Path) -> None:
    folder = tmp_path / "etc/profile.d"
    folder.mkdir(parents=True)
    (tmp_path / "etc/profile").write_bytes("# 超时\n".encode("gbk"))
    (folder / "tmout.sh").write_text("TMOUT=300\n")
    assert shells.lock(tmp_path) == Lock(True, 300)
    (tmp_path / "etc/bash.bashrc").write_text("TMOUT=0\n")
    assert shells.lock(tmp_path) == OFF


@given(st.lists(st.sampled_from(["TMOUT=300", "TMOUT=9x", "if true; then", "fi", "f() {", "}",
                                 "unset TMOUT", "readonly TMOUT=60"]) | st.text()))  # fmt: skip
def test_any_lines_are_told_without_a_fault(lines: list[str]) -> None:
    lock = shells.of_texts(["\n".join(lines)])
    assert lock.after is None or str(lock.after) in "".join(lines)
