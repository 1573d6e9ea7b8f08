"""The names by which resolvers and filters are tried out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.canary_file import FILE, Canaries, KnownName, Page, load_canaries
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

OWN = """
[resolver]
domain = "canary.example.edu.cn"
source = "县教育局"
[[resolver.name]]
name = "Banjun.example.edu.cn."
answers = ["192.0.2.10", "2001:db8::/32"]
source = "县教育局"
[[page]]
category = "gambling"
name = "gambling.filter-test.example.com"
source = "厂商的测试页"
[[page]]
category = "open"
name = "www.example.edu.cn"
address = "10.9.0.80"
text = "县教育局"
source = "县教育局"
"""


def canaries(folder: Path, text: str) -> Canaries:
    (folder / FILE).write_text(text, "utf-8")
    return load_canaries(folder)


def test_shipped_file_names_nobody_and_tries_a_domain_that_the_standard_keeps_empty() -> None:
    found = load_canaries(POLICY_FOLDER)
    assert (found.domain, found.known, found.pages) == ("invalid", (), ())
    assert found.facts() == {"canary_domain": "invalid", "canary_names": []}


def test_example_in_the_shipped_file_can_be_used_as_it_stands(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / FILE).read_text("utf-8")
    lines = re.findall(r"^#   (\[\[[a-z.]+\]\]|[a-z]+ = .*)$", text, re.MULTILINE)
    found = canaries(tmp_path, "\n".join([text, *lines]))
    assert [len(found.known), len(found.pages)] == [1, 2]


def test_countys_own_names_become_facts_of_the_schedule(tmp_path: Path) -> None:
    found = canaries(tmp_path, OWN)
    assert found.known == (
        KnownName("banjun.example.edu.cn", ("192.0.2.10", "2001:db8::/32"), "县教育局"),
    )
    assert found.pages[0] == Page("gambling", "gambling.filter-test.example.com", "厂商的测试页")
    assert found.facts() == {
        "canary_domain": "canary.example.edu.cn",
        "canary_names": ["banjun.example.edu.cn"],
        "filter_pages": [
            {"category": "gambling", "name": "gambling.filter-test.example.com"},
            {
                "category": "open",
                "name": "www.example.edu.cn",
                "address": "10.9.0.80",
                "text": "县教育局",
            },
        ],
    }


def test_without_a_domain_nobody_is_asked(tmp_path: Path) -> None:
    assert canaries(tmp_path, '[resolver]\ndomain = ""\n').facts() == {}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"canary.example.edu.cn"', '"no domain"', r"resolver.domain"),
        ('source = "县教育局"', "", r"resolver.source"),
        ('"192.0.2.10"', '"here"', r"name\[1\].answers.*'here' is neither"),
        ('"gambling"', '"Gambling!"', r"page\[1\].category"),
        ('name = "gambling.filter', 'name = "http://gambling.filter', r"page\[1\].name"),
        ('"10.9.0.80"', '"home"', r"page\[2\].address: 'home' is no address"),
        ('"open"', '"games"', "page: one page of the category open is needed"),
        ("[[page]]", "[[pages]]", "pages"),
        ("[[page]]", "names = 1\n[[page]]", r"name\[1\].names"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    assert old in OWN
    with pytest.raises(PolicyError, match=rf"{FILE}.*{named}"):
        canaries(tmp_path, OWN.replace(old, new, 1))


def test_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    twin = OWN[OWN.index("[[page]]") :]
    with pytest.raises(PolicyError, match="is there twice"):
        canaries(tmp_path, OWN + twin)
