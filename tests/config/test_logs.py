from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.log_file import FILE, load_log_policy
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError

SHIPPED = (POLICY_FOLDER / FILE).read_text("utf-8")


def test_shipped_policy_asks_for_six_months_and_says_by_which_law() -> None:
    policy = load_log_policy()
    assert (policy.required_days, policy.target_days, policy.keep_days) == (180, 184, 400)
    assert policy.seal_after == timedelta(hours=1)
    articles = [cited.article for cited in policy.cited(date(2026, 11, 23))]
    assert articles == ["第二十三条第（三）项", "8.1.5.4 集中管控 d)"]


def test_day_begins_where_the_schools_are() -> None:
    assert load_log_policy().today(datetime(2026, 3, 1, 16, tzinfo=UTC)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("keep_days = 400", "keep_days = 183", "logs.toml: keep_days: 183 is less than 184"),
        ("required_days = 180", "required_days = 0", "required_days: 0 is less than 1"),
        ("target_days = 184", "target_days = 100", "target_days: 100 is less than 180"),
        ("Asia/Shanghai", "Asia/Nowhere", "there is no time zone 'Asia/Nowhere'"),
        ("silent_days = 1\n", "silent_days = 1\nquiet = 1\n", "quiet"),
    ],
)
def test_mistake_names_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SHIPPED
    (tmp_path / FILE).write_text(SHIPPED.replace(old, new), "utf-8")
    with pytest.raises(PolicyError, match=words):
        load_log_policy(tmp_path)
