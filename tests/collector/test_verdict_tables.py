from __future__ import annotations

import pytest

from collector.commands.verdict_tables import show_for_people
from probes.text import Language


def verdict(school: str, title: str, unit: str, of: str = "not_met") -> dict[str, object]:
    return {
        "school": school,
        "school_name": school,
        "title": {"zh": title, "en": title},
        "due": "2020-12-31",
        "unit": unit,
        "verdict": of,
        "verdict_text": {"zh": of, "en": of},
    }


def of_one(school: str) -> list[dict[str, object]]:
    rooms = [verdict(school, f"rooms-{n}", "ratio", "undetermined") for n in range(6)]
    return [verdict(school, "bandwidth", "bits_per_second"), *rooms]


def area(title: str, due: str, unit: str = "ratio") -> dict[str, object]:
    return {**verdict("", title, unit), "region": "3401", "area": "all", "due": due}


def test_of_several_schools_only_the_line_is_shown_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_for_people([*of_one("A"), *of_one("B")], [], Language.EN)
    shown = capsys.readouterr().out
    assert shown.count("bandwidth") == 2
    assert "rooms-1" not in shown
    assert "A: other targets 6 (undetermined 6)" in shown
    assert "verdicts --school" in shown


def test_of_one_school_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_for_people(of_one("A"), [], Language.EN)
    assert "rooms-5" in capsys.readouterr().out


def test_where_little_is_asked_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_for_people([*of_one("A")[:3], *of_one("B")[:3]], [], Language.EN)
    assert "rooms-1" in capsys.readouterr().out


def test_the_latest_year_of_an_area_stands_for_those_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    areas = [area("wifi", "2016-12-31"), area("wifi", "2020-12-31")]
    lines = [area("line", year, "bits_per_second") for year in ("2016-12-31", "2020-12-31")]
    show_for_people([*of_one("A"), *of_one("B")], [*areas, *lines], Language.EN)
    shown = capsys.readouterr().out
    assert ("wifi 2016" in shown, "wifi 2020" in shown) == (False, True)
    assert ("line 2016" in shown, "line 2020" in shown) == (True, True)
