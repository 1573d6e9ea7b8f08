from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median as true_median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.backup import STATE_DIR
from probes.backup.manifest import MOST_BYTES, Manifest, ManifestError, decode, median
from probes.instruments.posture_backup import (
    BACKUP_AGE,
    BACKUP_BYTES,
    SIZE_RATIO,
    PostureBackup,
    Settings,
)
from probes.model import Outcome, Reading, SettingError
from tests.probes.conftest import Measure

DAY = 86_400
DIGEST = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STATE_DIR, str(tmp_path / "state"))
    found = tmp_path / "state/backups"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def say(folder: Path) -> Callable[..., None]:
    """As a script would: the whole file at once."""

    def write(name: str, **changes: Any) -> None:
        fields = {"job": name, "time": int(time.time()) - DAY, "bytes": 1000, "place": "local"}
        fields = {k: v for k, v in {**fields, **changes}.items() if v is not None}
        (folder / f"{name}.json").write_text(json.dumps(fields), "utf-8")

    return write


async def by_job(measure: Measure, settings: Settings | None = None) -> dict[str, Reading]:
    readings = await measure(PostureBackup(settings or Settings()))
    assert all((r.labels["part"] == "all") == (r.labels["job"] == "-") for r in readings)
    return {r.labels["job"] if r.labels["job"] != "-" else r.reason: r for r in readings}


async def test_job_that_said_so_has_an_age_and_a_size(
    say: Callable[..., None], measure: Measure
) -> None:
    say("school-db", sha256=DIGEST)
    say("offsite", place="offsite", time=time.time() - 30 * DAY)
    found = await by_job(measure)
    assert set(found) == {"school-db", "offsite"}
    values = found["school-db"].values
    assert values[BACKUP_AGE] == pytest.approx(DAY, abs=60)
    assert values[BACKUP_BYTES] == 1000
    assert SIZE_RATIO not in values
    assert found["offsite"].labels["place"] == "offsite"
    assert found["offsite"].values[BACKUP_AGE] == pytest.approx(30 * DAY, abs=60)


@pytest.mark.parametrize(
    ("sizes", "ratio"),
    [
        ([1000, 1000], None),
        ([1000, 2000, 3000], 0.5),
        ([2000, 2000, 4000, 4000], 1 / 3),
        ([0, 0, 0], None),
        ([1] * 20 + [500] * 10, 2.0),
        ([], None),
    ],
)
async def test_size_is_held_against_the_median_of_the_last_ten(
    sizes: list[int], ratio: float | None, say: Callable[..., None], measure: Measure
) -> None:
    say("db", sizes=sizes)
    assert (await by_job(measure))["db"].values.get(SIZE_RATIO) == (ratio and pytest.approx(ratio))


async def test_empty_backup_is_a_fact(say: Callable[..., None], measure: Measure) -> None:
    say("db", bytes=0, sizes=[1000, 1000, 1000])
    values = (await by_job(measure))["db"].values
    assert (values[BACKUP_BYTES], values[SIZE_RATIO]) == (0, 0)


async def test_nobody_who_said_anything_is_no_manifest(
    folder: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "db.json.tmp123").write_text("half")
    (found,) = (await by_job(measure)).values()
    assert (found.outcome, found.reason, found.values) == (Outcome.NOT_RUN, "no_manifest", {})
    monkeypatch.setenv(STATE_DIR, str(folder / "nowhere"))
    assert set(await by_job(measure)) == {"no_manifest"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"time": None}, "incomplete"),
        ({"place": None}, "incomplete"),
        ({"job": "other"}, "other_job"),
        ({"time": "2026-11-23"}, "out_of_bounds"),
        ({"time": 0}, "out_of_bounds"),
        ({"time": 1e300}, "out_of_bounds"),
        ({"time": float("nan")}, "out_of_bounds"),
        ({"time": True}, "out_of_bounds"),
        ({"bytes": -1}, "out_of_bounds"),
        ({"bytes": 1.5}, "out_of_bounds"),
        ({"bytes": "大"}, "out_of_bounds"),
        ({"place": "云端"}, "out_of_bounds"),
        ({"place": ["local"]}, "out_of_bounds"),
        ({"sha256": "abc"}, "out_of_bounds"),
        ({"sizes": [1, "2"]}, "out_of_bounds"),
        ({"sizes": {"1": 2}}, "out_of_bounds"),
        ({"note": "x" * MOST_BYTES}, "too_large"),
    ],
)
async def test_manifest_that_cannot_be_used_says_why(
    changes: dict[str, Any], reason: str, say: Callable[..., None], measure: Measure
) -> None:
    say("db", **changes)
    found = (await by_job(measure))["db"]
    assert (found.outcome, found.reason, found.values) == (Outcome.NOT_RUN, reason, {})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 9000])
async def test_file_that_is_no_json_object_is_named(
    content: bytes, folder: Path, measure: Measure
) -> None:
    (folder / "db.json").write_bytes(content)
    assert (await by_job(measure))["db"].reason == "not_json"


async def test_file_that_windows_wrote_with_a_mark_is_read(
    say: Callable[..., None], folder: Path, measure: Measure
) -> None:
    say("db")
    (folder / "db.json").write_bytes(b"\xef\xbb\xbf" + (folder / "db.json").read_bytes())
    assert (await by_job(measure))["db"].outcome is Outcome.OK


async def test_time_in_the_future_is_no_age(say: Callable[..., None], measure: Measure) -> None:
    say("db", time=time.time() + DAY)
    found = (await by_job(measure))["db"]
    assert (found.reason, found.values, found.labels["place"]) == ("in_future", {}, "local")


async def test_names_and_number_of_jobs_are_bounded(
    say: Callable[..., None], folder: Path, measure: Measure
) -> None:
    for number in range(17):
        say(f"job-{number:02}")
    (folder / "数据库.json").write_text("{}")
    found = await by_job(measure)
    assert set(found) == {*(f"job-{n:02}" for n in range(16)), "unsafe_name", "too_many_jobs"}


async def test_what_only_looks_like_a_manifest_does_not_hold_the_agent_up(
    folder: Path, measure: Measure
) -> None:
    os.mkfifo(folder / "pipe.json")
    os.mkdir(folder / "folder.json")
    found = await by_job(measure)
    assert {reading.reason for reading in found.values()} == {"not_json"}


async def test_file_of_somebody_else_lacks_privilege(
    say: Callable[..., None], folder: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("db")

    def closed(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", closed)
        assert (await by_job(measure))["db"].reason == "no_privilege"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", closed)
        assert set(await by_job(measure)) == {"no_privilege"}


async def test_folder_may_be_another_one_of_that_name(tmp_path: Path, measure: Measure) -> None:
    folder = tmp_path / "banjun-backups"
    os.mkdir(folder)
    fields = {"job": "db", "time": time.time(), "bytes": 1, "place": "offsite"}
    (folder / "db.json").write_text(json.dumps(fields))
    assert set(await by_job(measure, Settings(folder=str(folder)))) == {"db"}


@pytest.mark.parametrize("folder", ["/home", "/etc", "backups", "/srv/banjun-backups/.."])
def test_collector_cannot_have_other_folders_listed(folder: str) -> None:
    with pytest.raises(SettingError, match="banjun-backups"):
        Settings(folder=folder)


def test_folder_of_windows_is_accepted_by_a_collector_on_linux() -> None:
    assert Settings(folder=r"D:\备份\banjun-backups").folder


SIZES = st.lists(st.integers(0, 10**12), min_size=1, max_size=10)


@given(SIZES)
def test_median_is_the_middle(sizes: list[int]) -> None:
    assert median(sizes) == true_median(sizes)


@given(
    st.builds(
        Manifest,
        job=st.just("db"),
        time=st.integers(1, 2**34),
        size=st.integers(0, 2**60),
        place=st.sampled_from(["local", "offsite"]),
        sha256=st.sampled_from(["", DIGEST]),
        sizes=SIZES.map(tuple),
    )
)
def test_what_was_written_is_read_again(manifest: Manifest) -> None:
    assert decode(manifest.encoded(), "db") == manifest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = ("job", "time", "bytes", "place", "sha256", "sizes")


@given(st.binary(max_size=60) | st.dictionaries(st.sampled_from(FIELDS), JSON).map(
    lambda fields: json.dumps({"job": "db", **fields}).encode()
))  # fmt: skip
def test_any_bytes_are_a_manifest_within_bounds_or_named_by_a_reason(content: bytes) -> None:
    found = decoded(content)
    if isinstance(found, str):
        assert found in PostureBackup.reasons
        return
    assert found.time > 0
    assert found.size >= 0
    assert found.place in ("local", "offsite")


def decoded(content: bytes) -> Manifest | str:
    try:
        return decode(content, "db")
    except ManifestError as exc:
        return exc.reason


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureBackup)
