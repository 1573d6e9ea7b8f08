from __future__ import annotations

from pathlib import Path

import pytest

from agent import radio
from agent.radio import by_radio_or_none


@pytest.mark.parametrize(
    ("device", "known"),
    [("eth0", False), ("wlan0", True), ("wlp2s0", True), ("gone0", None), (None, None)],
)
def test_way_out_is_by_radio_when_its_device_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str | None, known: bool | None
) -> None:
    for place in ("eth0", "wlan0/wireless", "wlp2s0/phy80211"):
        (tmp_path / place).mkdir(parents=True)
    monkeypatch.setattr(radio, "default_device_or_none", lambda: device)
    assert by_radio_or_none(tmp_path) is known
