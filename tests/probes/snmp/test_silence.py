from __future__ import annotations

from probes.snmp.silence import Silence

MINUTE = 60.0


def test_silent_device_is_asked_less_and_less_but_never_given_up() -> None:
    silence = Silence()
    asked = []
    for run in range(30):
        now = run * MINUTE
        if silence.is_over("sw1", now):
            asked.append(run)
            silence.asked("sw1", answered=False, now=now)
    assert asked == [0, 1, 3, 6, 11, 16, 21, 26]


def test_answer_ends_the_silence() -> None:
    silence = Silence()
    for run in range(4):
        silence.asked("sw1", answered=False, now=run * MINUTE)
    assert not silence.is_over("sw1", 4 * MINUTE)
    silence.asked("sw1", answered=True, now=4 * MINUTE)
    assert silence.is_over("sw1", 4 * MINUTE)
    assert silence.runs("sw1") == 0


def test_others_are_asked_meanwhile() -> None:
    silence = Silence()
    for run in range(4):
        silence.asked("sw1", answered=False, now=run * MINUTE)
    assert silence.is_over("sw2", 4 * MINUTE)
