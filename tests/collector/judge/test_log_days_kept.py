from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from collector.judge.judge import Judge, read_policies
from collector.judge.model import DutyStatus, Verdict
from collector.logs.evidence import LogStanding
from collector.store.memory import MemoryStore
from config.calendar import Calendar
from probes.catalog import discover
from tests.collector.judge.town import school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
SOUND = LogStanding(
    days_kept=180, missing_days=0, sources=2, proven=True, forecast=None, newest=NOW
)


def judged(calendar: Calendar, standing: LogStanding | None) -> DutyStatus:
    policies = read_policies()
    logs = tuple(d for d in policies.duties if d.id == "duty.log_retention")
    judge = Judge(discover(), replace(policies, duties=logs), calendar)
    given = {} if standing is None else {"A": standing}
    found = judge.judge([school("A")], MemoryStore(discover()), [], NOW.date(), NOW, logs=given)
    (status,) = found.duties
    return status


@pytest.mark.parametrize(
    ("changed", "verdict", "says"),
    [
        ({}, Verdict.MET, "2 个来源，连续无缺 180 天。"),
        (
            {"days_kept": 40, "proven": False, "forecast": date(2027, 4, 12)},
            Verdict.UNDETERMINED,
            "时间未到，不再缺失则 2027-04-12 满期。",
        ),
        (
            {"days_kept": 12, "missing_days": 3, "proven": False, "forecast": date(2027, 5, 10)},
            Verdict.NOT_MET,
            "缺 3 天",
        ),
        ({"days_kept": None, "sources": 0, "proven": None}, Verdict.UNDETERMINED, "无从得知"),
    ],
)
def test_days_of_logs_decide_the_duty(
    calendar: Calendar, changed: dict[str, object], verdict: Verdict, says: str
) -> None:
    found = judged(calendar, replace(SOUND, **changed)).parts[0].finding  # type: ignore[arg-type]
    assert found.verdict is verdict
    assert says in found.reason.zh


def test_school_without_a_source_is_unknown(calendar: Calendar) -> None:
    assert judged(calendar, None).parts[0].finding.verdict is Verdict.UNDETERMINED
