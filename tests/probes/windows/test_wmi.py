from __future__ import annotations

import pytest

from probes.model import ProbeError
from probes.windows import wmi
from tests.fakes.com import FakeCom
from tests.fakes.com_wmi import FakeWmi

PLACE = r"root\Microsoft\Windows\Defender"
ROW = {"AMRunningMode": "Normal", "AMServiceEnabled": True, "QuickScanAge": 4_294_967_295}


def test_properties_of_each_object_are_read_and_everything_is_given_back(com: FakeCom) -> None:
    fake = FakeWmi(com, PLACE, "MSFT_MpComputerStatus", [ROW, {"AMRunningMode": None}])
    found = wmi.ask(PLACE, "MSFT_MpComputerStatus", [*ROW, "NotOnThisWindows"])
    assert found == [{**ROW, "QuickScanAge": -1}, {}]
    assert [o.released for o in (fake.services, fake.rows, *fake.items)] == [1, 1, 1, 1]
    assert com.balanced()


@pytest.mark.parametrize(("place", "kind"), [(r"root\SecurityCenter2", "X"), (PLACE, "X")])
def test_place_or_class_that_is_not_there_is_no_source(place: str, kind: str, com: FakeCom) -> None:
    FakeWmi(com, PLACE, "MSFT_MpComputerStatus", [ROW])
    with pytest.raises(ProbeError) as caught:
        wmi.ask(place, kind, ["X"])
    assert caught.value.reason == "no_source"
    assert com.balanced()


def test_machine_without_wmi_has_no_source(com: FakeCom) -> None:
    with pytest.raises(ProbeError) as caught:
        wmi.ask(PLACE, "MSFT_MpComputerStatus", ["X"])
    assert caught.value.reason == "no_source"
