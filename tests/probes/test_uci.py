from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.uci import read, sections

DROPBEAR = """package dropbear

config dropbear 'main'
\toption PasswordAuth 'on'   # 说明
\toption Port "22"
\tlist keyfile '/etc/dropbear/a'
\tlist keyfile /etc/dropbear/b

config dropbear
\toption enable '0'
"""


def test_sections_keep_their_order_options_and_lists() -> None:
    first, second = sections(DROPBEAR)
    assert (first.kind, first.name, first.options["Port"]) == ("dropbear", "main", "22")
    assert first.lists["keyfile"] == ["/etc/dropbear/a", "/etc/dropbear/b"]
    assert (second.name, second.options) == ("", {"enable": "0"})


@pytest.mark.parametrize(
    ("word", "expected"), [("on", True), ("1", True), ("off", False), ("0", False), ("2", None)]
)
def test_yes_and_no_have_several_words(word: str, expected: bool | None) -> None:
    (section,) = sections(f"config x\n option enable {word}\n")
    assert section.on("enable", default=True) is expected
    assert section.on("other", default=True) is True


@pytest.mark.parametrize("text", ["option a b", "config", "config a b c", "config x\noption a 'b"])
def test_line_that_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sections(text)


def test_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "samba4") is None


@given(st.text(alphabet="config option list 'x\"#\\\n教", max_size=80))
def test_any_text_gives_sections_or_the_declared_error(text: str) -> None:
    with suppress(ValueError):
        for section in sections(text):
            assert section.on("x", default=False) in (True, False, None)
