"""Half a year of days, each sealed when it is over, as a collector would have lived it."""

from __future__ import annotations

from datetime import timedelta

from collector.logs.evidence import LogStanding
from collector.logs.keeping import look
from collector.logs.proof import Cause, Gap, LogState
from tests.collector.logs.scene import DAY, FIRST, LogScene

SCHOOL, OTHER = "9934000001", "9934000002"
PLANTED = {20, 21, 22, 57, 120}
"""Days without a line, from the first day on."""


def day(number: int) -> timedelta:
    return number * DAY


def test_two_hundred_days_with_planted_gaps_are_told_exactly(scene: LogScene) -> None:
    for name, address, school in (
        ("gateway", "192.0.2.1", SCHOOL),
        ("switch", "192.0.2.2", SCHOOL),
        ("router", "192.0.2.3", OTHER),
        ("ups", "192.0.2.4", OTHER),
    ):
        scene.add(name, address, school, silent_days=8 if name == "ups" else None)
    for number in range(200):
        if number not in PLANTED:
            scene.receive("gateway", scene.today)
        if number >= 190:
            scene.receive("switch", scene.today)
        scene.receive("router", scene.today)
        if number % 7 == 0:
            scene.receive("ups", scene.today)
        scene.today += DAY
        scene.seal()

    gateway = scene.proof_of("gateway")
    assert [(gap.first - FIRST, gap.last - FIRST) for gap in gateway.gaps] == [
        (day(20), day(22)),
        (day(57), day(57)),
        (day(120), day(120)),
    ]
    assert (gateway.first, gateway.last, gateway.days) == (FIRST, FIRST + day(199), 195)
    # 180 days from the 121st on; of the last 180 days, those from the 20th on are counted.
    assert (gateway.state, gateway.days_kept, gateway.missing_days) == (LogState.GAPS, 79, 5)
    assert gateway.forecast == FIRST + day(121 + 180)

    switch = scene.proof_of("switch")
    assert (switch.state, switch.forecast) == (LogState.ON_TRACK, FIRST + day(190 + 180))
    assert scene.proof_of("router").state is LogState.PROVEN
    assert scene.proof_of("ups").state is LogState.PROVEN

    newest = scene.evidence.of(SCHOOL).newest
    assert newest is not None
    assert newest.isoformat() == f"{FIRST + day(199)}T08:00:01.000001+08:00"
    assert scene.evidence.of(SCHOOL) == LogStanding(
        days_kept=10,
        missing_days=5,
        sources=2,
        proven=False,
        forecast=FIRST + day(190 + 180),
        newest=newest,
    )
    assert scene.evidence.of(OTHER).proven is True
    assert scene.evidence.of("9934000003") == LogStanding(None, 0, 0, None, None, None)

    for file in ("gateway", "router"):
        scene.file(file, FIRST + day(150)).unlink()
    look(scene.book, scene.folder, lambda _: False)
    assert scene.proof_of("router").gaps == (
        Gap(FIRST + day(150), FIRST + day(150), Cause.DAMAGED),
    )
    assert scene.evidence.of(OTHER).forecast == FIRST + day(151 + 180)


def test_forecast_holds_if_nothing_more_is_missed(scene: LogScene) -> None:
    scene.live(30, "gateway", without=[3])
    forecast = scene.proof_of("gateway").forecast
    assert forecast == FIRST + day(4 + 180)
    scene.live((forecast - scene.today).days - 1, "gateway")
    assert scene.proof_of("gateway").state is LogState.GAPS
    scene.live(1, "gateway")
    assert scene.today == forecast
    assert scene.proof_of("gateway").state is LogState.PROVEN
