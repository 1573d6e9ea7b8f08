from __future__ import annotations

import pytest

from probes.filtering.look import (
    How,
    Name,
    UnknownError,
    is_sinkhole,
    judge_page,
    leads_elsewhere,
)
from probes.http_get import Head

GAMES = Name("games", "games.test", text="the true page")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("0.0.0.0", True), ("127.0.0.1", True), ("10.1.1.1", True), ("192.168.1.1", True),
        ("100.64.0.1", True), ("169.254.1.1", True), ("::", True), ("::1", True),
        ("fd00::1", True), ("202.120.2.119", False), ("2001:da8::1", False),
    ],
)  # fmt: skip
def test_address_that_nobody_on_the_internet_has_is_a_sinkhole(
    address: str, expected: bool
) -> None:
    assert is_sinkhole(address) is expected


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "http://portal.school.cn/blocked", True),
        (302, "//192.168.1.1/", True),
        (301, "https://games.test/", False),
        (301, "https://www.games.test/x", False),
        (302, "/elsewhere", False),
        (302, "http://[", True),
        (200, "http://portal.school.cn/", False),
    ],
)
def test_redirect_to_another_site_leads_elsewhere(
    status: int, location: str, expected: bool
) -> None:
    assert leads_elsewhere(Head(status, {"location": location}), "games.test") is expected


@pytest.mark.parametrize(
    ("status", "body", "how"),
    [
        (200, b"this is the true page.", How.OPEN),
        (404, b"the true page", How.OPEN),
        (200, b"blocked by order", How.BLOCK_PAGE),
        (403, b"the true page", How.BLOCK_PAGE),
        (451, b"the true page", How.BLOCK_PAGE),
    ],
)
def test_page_is_the_true_one_or_in_its_place(status: int, body: bytes, how: How) -> None:
    assert judge_page(Head(status, {}), body, GAMES) is how


def test_any_page_will_do_where_no_words_are_given() -> None:
    assert judge_page(Head(200, {}), b"", Name("games", "games.test")) is How.OPEN


def test_server_in_trouble_blocks_nothing() -> None:
    with pytest.raises(UnknownError, match="server_error"):
        judge_page(Head(502, {}), b"", GAMES)
