from __future__ import annotations

import pytest

from tests.fakes.windows import FakeWindows


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    return FakeWindows(monkeypatch)
