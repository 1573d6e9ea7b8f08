from __future__ import annotations

from pathlib import Path

import pytest

from config.platform_file import FILE, load_platforms
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

CLOUD = """every = 300
[[platform]]
id = "cloud"
title = { zh = "县云", en = "Cloud" }
host = "cloud.example.edu.cn"
source = "县教育局 2026 年第 1 号通知"
"""


def platforms(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def test_shipped_list_is_empty_so_that_nothing_outside_is_contacted() -> None:
    assert load_platforms(POLICY_FOLDER) == ()


def test_example_in_the_shipped_file_can_be_used_as_it_stands(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / FILE).read_text("utf-8")
    example = "\n".join(
        line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")
    )
    (found,) = load_platforms(platforms(tmp_path, f"every = 300\n{example}"))
    assert (found.target, found.port) == ("platform.county_cloud", 443)


def test_platform_says_where_it_is_and_who_decided(tmp_path: Path) -> None:
    (found,) = load_platforms(platforms(tmp_path, CLOUD))
    assert (found.host, found.port, found.every) == ("cloud.example.edu.cn", 443, 300.0)
    assert found.source == "县教育局 2026 年第 1 号通知"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("every = 300", "every = 5", "every"),
        ('host = "cloud.example.edu.cn"', 'host = "https://x/"', r"platform\[1\]\.host"),
        ('id = "cloud"', 'id = "Cloud 1"', r"platform\[1\]\.id"),
        ('source = "县教育局 2026 年第 1 号通知"', "", r"platform\[1\]\.source"),
        ("source =", "port = 0\nsource =", r"platform\[1\]\.port"),
        ("source =", "url = 0\nsource =", r"platform\[1\]\.url"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"{FILE}.*{named}"):
        load_platforms(platforms(tmp_path, CLOUD.replace(old, new)))


def test_platform_listed_twice_is_refused(tmp_path: Path) -> None:
    twice = CLOUD + CLOUD.partition("\n")[2]
    with pytest.raises(PolicyError, match="there twice"):
        load_platforms(platforms(tmp_path, twice))
