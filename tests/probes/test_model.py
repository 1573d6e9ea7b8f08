from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import Outcome, ProbeError, Reading, SettingError, parse_settings, setting
from probes.text import BanjunError, Language, Text, choose_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    count: int = setting(4, Text("个数", "how many"), minimum=1, maximum=10)
    seconds: float = setting(0.5, Text("秒", "seconds"), minimum=0, maximum=2)
    patience: float = setting(1.0, Text("耐心", "patience"), minimum=0)
    loud: bool = setting(False, Text("大声", "loud"))
    word: str = setting("a", Text("词", "word"))


def test_settings_take_their_defaults() -> None:
    assert parse_settings(Settings, {}, "here") == Settings()


def test_settings_take_an_integer_for_a_float() -> None:
    assert parse_settings(Settings, {"seconds": 2}, "here").seconds == 2


@pytest.mark.parametrize(
    "given",
    [
        {"count": 0},
        {"count": 11},
        {"count": 1.5},
        {"count": True},
        {"count": "4"},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": True},
        {"patience": float("nan")},
        {"loud": 1},
        {"word": None},
        {"other": 1},
    ],
    ids=str,
)
def test_setting_that_does_not_fit_is_refused_by_name(given: dict[str, object]) -> None:
    with pytest.raises(SettingError) as caught:
        parse_settings(Settings, given, "place")
    (name,) = given
    assert "place" in caught.value.text.en
    assert name in caught.value.text.en
    assert name in caught.value.text.zh


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.floats() | st.text()))
def test_any_settings_are_parsed_or_refused(given_settings: dict[str, object]) -> None:
    try:
        parsed = parse_settings(Settings, given_settings, "x")
    except SettingError:
        return
    assert 1 <= parsed.count <= 10
    assert 0 <= parsed.seconds <= 2


def test_failed_reading_keeps_what_was_measured_on_the_way() -> None:
    reading = Reading.failed("refused", {}, {"a": "b"})
    assert (reading.outcome, reading.reason, reading.labels) == (
        Outcome.FAILED,
        "refused",
        {"a": "b"},
    )


def test_probe_error_adds_its_detail_to_a_common_reason() -> None:
    error = ProbeError("no_route", "10.0.0.1")
    assert error.reason == "no_route"
    assert error.text.en.endswith("10.0.0.1")
    assert error.text.zh.endswith("10.0.0.1")


def test_probe_error_of_a_probes_own_reason_has_its_words() -> None:
    assert ProbeError("own", Text("自己的", "own words")).text == Text("自己的", "own words")
    assert ProbeError("own").text.en == "own"


def test_error_shows_english_in_logs() -> None:
    assert str(BanjunError(Text("错", "wrong"))) == "wrong"


@pytest.mark.parametrize(
    ("option", "environment", "language"),
    [
        (None, {}, Language.ZH),
        (None, {"LANG": "zh_CN.UTF-8"}, Language.ZH),
        (None, {"LANG": "en_US.UTF-8"}, Language.EN),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, Language.EN),
        ("zh", {"LANG": "en_US.UTF-8"}, Language.ZH),
    ],
)
def test_language_follows_option_then_locale(
    option: str | None, environment: dict[str, str], language: Language
) -> None:
    assert choose_language(option, environment) is language


@dataclass(frozen=True)
class WithList:
    names: tuple[str, ...] = setting((), Text("名字", "names"))
    key: str = setting("", Text("密钥", "key"), secret=True)


def test_list_becomes_a_tuple() -> None:
    assert parse_settings(WithList, {"names": ["a", "b"]}, "x").names == ("a", "b")


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(SettingError, match=r"x.names: 'a' has the wrong type; list is wanted"):
        parse_settings(WithList, {"names": "a"}, "x")


def test_secret_is_shown_nowhere() -> None:
    with pytest.raises(SettingError) as caught:
        parse_settings(WithList, {"key": 31337}, "x")
    assert "31337" not in caught.value.text.zh + caught.value.text.en
    assert "31337" not in repr(parse_settings(WithList, {"key": "31337"}, "x"))
