"""The admin API over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from .web_scene import BIG, KEY, NOW, POOR, County, agent, not_run, reading, serve

BEARER = {"Authorization": f"Bearer {KEY}"}
LOSS = "icmp_echo.loss_ratio"


def losses() -> County:
    """Two schools; the first with 0, 10 and 20 % of loss, a minute apart."""
    labels = {"method": "datagram"}
    first = [
        reading(
            "icmp_echo", {"loss_ratio": loss}, ago=60 * (n + 1), target="collector", labels=labels
        )
        for n, loss in enumerate((0.2, 0.1, 0.0))
    ]
    other = reading("icmp_echo", {"loss_ratio": 0.5}, agent="agent-2", code=POOR, labels=labels)
    return County(agents=[agent("agent-1"), agent("agent-2", POOR)], readings=[*first, other])


Asked = Mapping[str, str] | Sequence[tuple[str, str]]


async def get(county: County, path: str, params: Asked = (), status: int = 200) -> Any:
    async with (
        serve(county.showing()) as client,
        client.get(path, params=params, headers=BEARER) as answer,
    ):
        assert answer.status == status, await answer.text()
        assert answer.content_type == "application/json"
        return await answer.json()


async def query(status: int = 200, **params: str) -> Any:
    return await get(losses(), "/v1/query", {"metric": LOSS, **params}, status)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/status",
        "/v1/verdicts",
        "/v1/states",
        "/v1/flips",
        "/v1/incidents",
        "/v1/agents",
        f"/v1/query?metric={LOSS}",
    ],
)
@pytest.mark.parametrize("header", [None, f"Bearer {KEY}x", f"Basic {KEY}", "Bearer ", KEY])
async def test_every_door_wants_the_key(path: str, header: str | None) -> None:
    headers = {"Authorization": header} if header is not None else {}
    async with serve(County().showing()) as client, client.get(path, headers=headers) as answer:
        problem = await answer.json()
    assert answer.status == 401
    assert set(problem) == {"error", "error_zh"}
    assert "admin.key" in problem["error_zh"]


async def test_many_wrong_keys_are_told_to_wait() -> None:
    async with serve(County().showing()) as client:
        for status in [401] * 10 + [429]:
            async with client.get("/v1/status", headers={"Authorization": "Bearer x"}) as answer:
                assert answer.status == status
        async with client.get("/v1/status", headers=BEARER) as answer:
            assert answer.status == 200


async def test_status_counts_and_adds_the_collectors_own_figures() -> None:
    county = County(agents=[agent("agent-1"), replace(agent("agent-2"), revoked=True)])
    status = await get(county, "/v1/status")
    assert (status["schools"], status["agents"], status["agents_revoked"]) == (2, 1, 1)
    assert status["judged_at"].startswith("2026-11-23T06:30")
    assert status["journal_batches"] == 3
    assert status["provisional"] == []


async def test_verdicts_are_those_of_the_judgement() -> None:
    answer = await get(County(), "/v1/verdicts")
    poor = [r for r in answer["schools"] if r["school"] == POOR and r["kind"] == "target"]
    of_line = [row for row in poor if row["unit"] == "bits_per_second"]
    assert {row["verdict"] for row in of_line} == {"not_met"}
    assert answer["areas"][0]["n"] == 1


async def test_verdicts_before_the_first_judgement_are_not_an_empty_list() -> None:
    problem = await get(County(judged=False), "/v1/verdicts", status=503)
    assert "首次判定" in problem["error_zh"]


async def test_agents_are_listed_with_their_last_word() -> None:
    county = County(
        agents=[agent("agent-1"), agent("agent-2", POOR)],
        states={"agent-1": {"spool_readings": 9, "version": "0.2"}},
        runs=[not_run("posture_firewall", "no_privilege")],
        sentinels={BIG: "agent-1"},
    )
    heard, silent = await get(county, "/v1/agents")
    assert (heard["sentinel"], silent["sentinel"]) == (True, False)
    assert (heard["school"], heard["role"], heard["version"]) == (BIG, "gateway", "0.2")
    assert (heard["spool_readings"], heard["heard_seconds_ago"]) == (9, 40)
    assert heard["not_run"][0]["reason_text"]["zh"] == "代理程序的权限不足，无法读取该事实。"
    assert (silent["heard_at"], silent["spool_readings"]) == (None, None)


async def test_query_gives_one_row_with_its_evidence_per_group() -> None:
    first, other = await query(statistic="mean", by="school")
    assert first["school"] == BIG
    assert first["value"] == pytest.approx(0.1)
    assert (first["unit"], first["n"], first["runs"]) == ("ratio", 3, 3)
    assert first["last"] == (NOW - timedelta(seconds=60)).isoformat(timespec="milliseconds")
    assert (first["expected"], first["coverage"], first["approximate"]) == (None, None, False)
    assert (other["school"], other["value"]) == (POOR, 0.5)


async def test_query_pools_everything_when_by_is_empty() -> None:
    (row,) = await query(statistic="count", by="")
    assert (row["value"], row["unit"]) == (4, "count")


async def test_time_share_is_a_ratio() -> None:
    row, _ = await query(statistic="time_share(>=0.1)")
    assert row["value"] == pytest.approx(2 / 3)
    assert row["unit"] == "ratio"


async def test_latest_is_the_newest_value_with_its_age() -> None:
    row, _ = await query(statistic="latest", by="school,target")
    assert (row["target"], row["value"], row["age_seconds"]) == ("collector", 0.2, 60)


async def test_step_makes_a_series() -> None:
    rows = await query(step="1m", by="school", since="10m", where=f"school:{BIG}")
    assert [row["value"] for row in rows] == [0.0, 0.1, 0.2]
    assert all(row["n"] == 1 for row in rows)


async def test_since_and_until_cut_the_time() -> None:
    since = (NOW - timedelta(seconds=130)).isoformat()
    until = (NOW - timedelta(seconds=90)).isoformat()
    (row,) = await query(since=since, until=until)
    assert (row["value"], row["n"]) == (pytest.approx(0.1), 1)


async def test_unquoted_plus_of_a_time_zone_is_understood() -> None:
    local = (NOW - timedelta(seconds=130)).isoformat().replace("+00:00", " 00:00")
    row, _ = await query(since=local)
    assert row["n"] == 2


async def test_where_twice_means_either_value() -> None:
    params = [("metric", LOSS), ("where", f"school:{BIG}"), ("where", f"school:{POOR}")]
    assert len(await get(losses(), "/v1/query", params)) == 2
    assert len(await get(losses(), "/v1/query", params[:2])) == 1


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"metric": "icmp_echo"}, "icmp_echo"),
        ({"metric": "icmp_echo.nothing"}, "nothing"),
        ({"metric": "nothing.loss_ratio"}, "nothing"),
        ({"statistic": "p42"}, "p42"),
        ({"by": "pupil"}, "pupil"),
        ({"where": "school"}, "where"),
        ({"where": "pupil:x"}, "pupil"),
        ({"since": "yesterday"}, "yesterday"),
        ({"since": "2026-11-23T00:00"}, "Z"),
        ({"since": "0h"}, "since"),
        ({"since": "999999d"}, "999999d"),
        ({"until": "48h"}, "until"),
        ({"period": "night"}, "night"),
        ({"step": "5"}, "step"),
        ({"step": "1s", "since": "30d"}, "step"),
        ({"step": "1m", "statistic": "latest"}, "latest"),
        ({"metrik": "x"}, "metrik"),
    ],
)
async def test_wrong_question_is_answered_with_what_is_wrong(
    params: dict[str, str], named: str
) -> None:
    problem = await query(400, **params)
    assert set(problem) == {"error", "error_zh"}
    assert named in problem["error"]
    assert named in problem["error_zh"]


async def test_question_without_metric_is_refused() -> None:
    problem = await get(losses(), "/v1/query", status=400)
    assert problem["error"].startswith("metric")


async def test_unknown_door_is_a_problem_and_not_a_page() -> None:
    assert "error_zh" in await get(County(), "/v1/nowhere", status=404)


async def test_fault_is_a_problem_and_a_log_entry(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    showing = replace(County().showing(), judgement=broken)
    async with serve(showing) as client, client.get("/v1/status", headers=BEARER) as answer:
        assert answer.status == 500
        assert "boom" not in await answer.text()
    assert "boom" in caplog.text
