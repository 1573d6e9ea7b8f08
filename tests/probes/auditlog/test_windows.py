from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.auditlog import windows

TAIL = "-69AE-11D9-BED3-505054503030"
GUIDS = [f"{{0CCE92{n:02X}{TAIL}}}" for numbers in windows._CATEGORIES.values() for n in numbers]
HEAD = "计算机名,策略目标,子类别,子类别 GUID,包含设置,排除设置,设置值\n"


def backup(*numbers: str, end: str = "") -> bytes:
    """As a Chinese Windows writes it. `numbers`: of the subcategories in turn; the last stays."""
    rows = [
        f"PC,System,凭据验证,{guid},成功和失败,,{numbers[min(i, len(numbers) - 1)]}\n"
        for i, guid in enumerate(GUIDS)
    ]
    return (HEAD + "".join(rows) + end).encode("gbk")


def test_nine_categories_of_59_subcategories() -> None:
    assert len(windows._CATEGORIES) == 9
    assert len(set(GUIDS)) == len(GUIDS)


@pytest.mark.parametrize(
    ("numbers", "running", "audited"),
    [
        (("3",), 1, 9),
        (("0",), 0, 0),
        (("1",), 1, 0),  # success only
        (("0", "3"), 1, 8),  # one subcategory of the first is left out
        (("3", "3", "3", "3", "3", "0"), 1, 1),
    ],
)
def test_category_counts_when_all_of_it_is_audited(
    numbers: tuple[str, ...], running: int, audited: int
) -> None:
    values = windows.policy_values(windows.parse_backup(backup(*numbers)))
    assert values == {"audit_running": bool(running), "audited_categories_count": audited}


@pytest.mark.parametrize("number", ["", "成功和失败", "4294967295", "x"])
def test_words_instead_of_numbers_are_unknown(number: str) -> None:
    values = windows.policy_values(windows.parse_backup(backup(number)))
    assert set(values.values()) == {None}


def test_half_a_file_is_no_policy() -> None:
    data = b"".join(backup("3").splitlines(keepends=True)[:20])
    values = windows.policy_values(windows.parse_backup(data))
    assert values == {"audit_running": True, "audited_categories_count": None}


def test_file_in_utf_16_is_read_too() -> None:
    data = backup("3").decode("gbk").encode("utf-16")
    assert windows.parse_backup(data) == windows.parse_backup(backup("3"))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", HEAD.encode("gbk")])
def test_file_without_policies_tells_nothing(data: bytes) -> None:
    assert set(windows.policy_values(windows.parse_backup(data)).values()) == {None}


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"Retention": 0, "MaxSize": 20_971_520}, None),
        ({"Retention": 0xFFFF_FFFF, "AutoBackupLogFiles": 1}, None),
        ({"Retention": 15_552_000}, 15_552_000),
        ({"MaxSize": 20_971_520}, None),
        ({"Retention": "永不"}, None),
    ],
)
def test_log_that_is_kept_by_size_has_no_time(
    settings: dict[str, object], seconds: int | None
) -> None:
    assert windows.kept(settings) == {"retention_seconds": seconds}


@pytest.mark.parametrize(
    ("servers", "forwards"),
    [(["Server=http://wec.school.cn:5985/wsman,Refresh=60"], True), ([], False), ([""], False)],
)
def test_forwarding_needs_a_server(servers: list[object], forwards: bool) -> None:
    assert windows.forwards(servers) is forwards


@given(st.binary() | st.text().map(lambda text: (text + GUIDS[0] + text).encode()))
def test_any_bytes_are_told_without_a_fault(data: bytes) -> None:
    values = windows.policy_values(windows.parse_backup(data))
    assert values["audited_categories_count"] in (None, 0)


@given(st.dictionaries(st.sampled_from(GUIDS), st.none() | st.integers(0, 3)))
def test_what_is_missing_never_counts(settings: dict[str, int | None]) -> None:
    values = windows.policy_values(settings)
    if values["audited_categories_count"]:
        assert None not in settings.values()
    if values["audit_running"] == 0:
        assert set(settings.values()) == {0}


@given(st.dictionaries(st.just("Retention"), st.none() | st.text() | st.integers() | st.binary()))
def test_any_value_of_the_registry_is_told_without_a_fault(settings: dict[str, object]) -> None:
    seconds = windows.kept(settings)["retention_seconds"]
    assert seconds is None or seconds == settings["Retention"]
