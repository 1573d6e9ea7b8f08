from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.timesync import windows
from probes.timesync.windows import FROM_SOURCE, SYNCED
from probes.windows.event_log import STARTED

SERVICE = {"Start": 3}
SCALARS = st.none() | st.text() | st.integers() | st.binary()


@pytest.mark.parametrize(
    ("settings", "service", "answer"),
    [
        ({"Type": "NTP", "NtpServer": "time.windows.com,0x9"}, SERVICE, True),
        ({"Type": "AllSync", "NtpServer": "ntp.ntsc.ac.cn,0x8 time.windows.com"}, SERVICE, True),
        ({"Type": "NTP", "NtpServer": ""}, SERVICE, False),
        ({"Type": "NTP"}, SERVICE, False),
        ({"Type": "NoSync", "NtpServer": "time.windows.com,0x9"}, SERVICE, False),
        ({"Type": "NTP", "NtpServer": "time.windows.com,0x9"}, {"Start": 4}, False),
        ({"Type": "NT5DS", "NtpServer": "time.windows.com,0x9"}, SERVICE, None),
        ({"NtpServer": "time.windows.com,0x9"}, SERVICE, None),
        ({"Type": "NTP", "NtpServer": "time.windows.com,0x9"}, {}, None),
    ],
)
def test_server_is_what_the_registry_names(
    settings: dict[str, object], service: dict[str, object], answer: bool | None
) -> None:
    assert windows.server(settings, service) is answer


@pytest.mark.parametrize(
    ("newest_first", "synced"),
    [
        ([SYNCED, FROM_SOURCE, STARTED], True),
        ([FROM_SOURCE], True),
        ([36, SYNCED, STARTED], False),
        ([STARTED, SYNCED], None),  # of the boot before
        ([], None),
        ([7000], None),
    ],
)
def test_newest_word_since_the_start_counts(newest_first: list[int], synced: bool | None) -> None:
    assert windows.from_events(newest_first) is synced


@given(st.dictionaries(st.sampled_from(["Type", "NtpServer"]), SCALARS), SCALARS)
def test_any_values_are_told_without_a_fault(settings: dict[str, object], start: object) -> None:
    answer = windows.server(settings, {"Start": start})
    if answer:
        assert str(settings["Type"]).lower() in ("ntp", "allsync")
