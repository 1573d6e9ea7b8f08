from __future__ import annotations

import pytest

from probes.http_get import Head
from probes.page import Expected, complaint_of


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/home", ""),
        ("https://www.school.test/", ""),
        ("https://SCHOOL.test./", ""),
        ("//login.test/", "captive_portal"),
        ("http://10.0.0.1:8080/?to=school.test", "captive_portal"),
        ("http://evilschool.test/", "captive_portal"),
    ],
)
def test_redirect_within_the_targets_own_domain_is_no_portal(location: str, reason: str) -> None:
    head = Head(302, {"location": location})
    assert complaint_of(head, b"", "school.test", Expected(0, "", proven=False)) == reason


def test_words_are_found_in_both_usual_encodings() -> None:
    expected = Expected(0, "欢迎", proven=False)
    for encoding in ("utf-8", "gb18030"):
        body = "<p>欢迎</p>".encode(encoding)
        assert complaint_of(Head(200, {}), body, "school.test", expected) == ""
