"""A real cable is cut between a real agent and a real collector: what people are told, how often.

Times are shortened alike: a silent gateway is missed after 6 s instead of 5 min, and the pauses
between attempts to deliver are about a sixtieth of the real ones, so the ten seconds for which the
notifier is down stand for ten minutes. test_outbox.py has the ten minutes, with the real pauses, on
a clock that is moved by hand.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from collector.register.incident import Progress
from tests.lab.cut_county import SCHOOL, CutCounty
from tests.lab.network import BUREAU
from tests.lab.space import lab

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip")]

DOWN_SECONDS = 10.0
QUIET_SECONDS = 4.0
"""In which nothing more may come."""


@pytest.fixture
def county() -> Iterator[CutCounty]:
    with lab() as (spaces, folder):
        made = CutCounty(spaces, folder)
        try:
            yield made
        finally:
            made.close()


def subjects(county: CutCounty) -> Counter[tuple[str, str]]:
    return Counter((m["by"], m["subject"].partition(" (")[0]) for m in county.told())


OPENED, OVER = "【班均】失联：示范小学 · 出口线路", "【班均】恢复：示范小学 · 出口线路"
ONCE_EACH = Counter({(by, what): 1 for by in ("mail", "hook") for what in (OPENED, OVER)})


def test_cut_and_mended_line_is_told_once_to_mail_and_webhook(county: CutCounty) -> None:
    county.start_notifier()
    county.found()
    county.cut()
    county.wait(lambda: len(county.told()) == 2, "both are told of the cut")
    body = county.told()[0]["body"]
    assert "示范小学：全校没有消息" in body
    assert "起于：20" in body
    assert "1. 给学校打电话" in body
    assert f"https://{BUREAU}:8421/schools/{SCHOOL}?lang=zh#now" in body
    assert f"https://{BUREAU}:8421/runbook/site_contact?lang=zh" in body
    county.mend()
    county.wait(lambda: len(county.told()) == 4, "both are told of the end")
    time.sleep(QUIET_SECONDS)
    assert subjects(county) == ONCE_EACH


def test_notifier_that_is_down_while_the_collector_restarts_is_told_once(county: CutCounty) -> None:
    county.found()
    county.cut()
    county.wait(lambda: _attempts(county) >= 3, "attempts that fail")
    until = time.monotonic() + DOWN_SECONDS
    county.end("collector")
    county.start_collector()
    before = _attempts(county)
    county.wait(lambda: _attempts(county) > before, "attempts of the new process")
    county.end("collector", signal.SIGKILL)
    county.start_collector()
    time.sleep(max(0.0, until - time.monotonic()))
    assert county.told() == []
    county.start_notifier()
    county.wait(lambda: len(county.told()) >= 2, "both are told of the cut")
    county.mend()
    county.wait(lambda: len(county.told()) >= 4, "both are told of the end")
    time.sleep(QUIET_SECONDS)
    assert subjects(county) == ONCE_EACH
    assert {d.state for d in county.deliveries()} == {Progress.SENT}
    assert "127.0.0.1" not in county.log("collector")  # the addresses of the channels


def _attempts(county: CutCounty) -> int:
    return sum(delivery.attempts for delivery in county.deliveries())
