"""channels.toml: read strictly, kept private, and never quoted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.alert.channel import load_channels
from config.load import ConfigError
from config.strict import PolicyError
from probes.text import BanjunError

SECRET = "c0ffee00-1234"
GOOD = f'[[channel]]\nid = "duty"\nurl = "wecombot://{SECRET}"\n'


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "channels.toml"
    path.write_text(text)
    path.chmod(mode)
    return folder


def test_channel_is_known_by_name_and_kind_and_hides_its_address(tmp_path: Path) -> None:
    found = load_channels(write(tmp_path, GOOD))
    assert found["duty"].kind.zh == "企业微信机器人"
    assert found["duty"].url.endswith(SECRET)
    assert SECRET not in repr(found)


def test_no_file_is_no_channel(tmp_path: Path) -> None:
    assert load_channels(tmp_path) == {}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="run chmod 600"):
        load_channels(write(tmp_path, GOOD, mode))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("wecombot", "exec"), "should begin with one of wecombot://"),
        (GOOD.replace("url", "link"), "link|missing"),
        (GOOD + 'extra = "c0ffee00-1234"', "no such key"),
        (GOOD + GOOD, "there twice"),
        (f'[[channel]]\nid = "duty"\nurl = "{SECRET}', "not valid TOML"),
        ("[[channel]]\nid = duty", "line 2, is not valid TOML"),
    ],
    ids=["program", "key", "unknown key", "twice", "torn", "no quotes"],
)
def test_mistake_is_named_and_the_address_is_not(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(PolicyError, match=complaint) as caught:
        load_channels(write(tmp_path, text))
    error: BanjunError = caught.value
    assert SECRET not in f"{error.text.zh}{error.text.en}{error!r}"
