from __future__ import annotations

import ctypes
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.windows import com as real
from probes.windows.com import LONG, Object, Variant
from tests.fakes.com import DENIED, FAILED, FALSE, FakeCom, FakeObject, fails, gives
from tests.fakes.windows import FakeWindows

CLASS, INTERFACE = "17072f7b-9abe-4a74-a261-1eb76b55107a", "722a338c-6e8e-4e72-ac27-1417fb0c81c2"


def reason_of(code: int) -> str:
    with pytest.raises(ProbeError) as caught:
        real.checked(code, "x")
    return caught.value.reason


def test_number_and_text_come_through_the_table_and_are_given_back(com: FakeCom) -> None:
    thing = FakeObject({7: com.gives_text("火绒安全软件"), 8: gives(LONG, -3)})
    com.classes[CLASS] = thing
    with real.apartment(), real.made(CLASS, INTERFACE) as found:
        assert found.text(7) == "火绒安全软件"
        assert found.number(8) == -3
    assert thing.released == 1
    assert com.balanced()


def test_object_is_given_back_though_a_call_fails(com: FakeCom) -> None:
    thing = FakeObject({7: fails(FAILED, ctypes.c_void_p)})
    com.classes[CLASS] = thing
    with (
        pytest.raises(ProbeError, match="0x80004005"),
        real.apartment(),
        real.made(CLASS, INTERFACE) as found,
    ):
        found.number(7)
    assert thing.released == 1
    assert com.balanced()


def test_call_that_hands_out_nothing_is_no_object(com: FakeCom) -> None:
    thing = FakeObject({9: gives(ctypes.c_void_p, 0)})
    with pytest.raises(ProbeError), Object(thing.address) as found:
        found.child(9)


def test_error_becomes_a_reason() -> None:
    assert reason_of(DENIED) == "no_privilege"
    assert reason_of(FAILED) == "no_source"
    assert real.checked(FALSE, "x") == FALSE


def test_class_that_is_not_registered_has_no_source(com: FakeCom) -> None:
    with pytest.raises(ProbeError) as caught, real.apartment():
        real.made(CLASS, INTERFACE)
    assert caught.value.reason == "no_source"
    assert com.balanced()


def test_thread_that_another_set_up_is_used_and_left_alone(com: FakeCom) -> None:
    com.initialised = -2147417850  # RPC_E_CHANGED_MODE
    with real.apartment():
        pass
    assert com.left == 0


def test_elsewhere_there_is_no_com(windows: FakeWindows) -> None:
    with pytest.raises(ProbeError) as caught, real.apartment():
        pass
    assert caught.value.reason == "unsupported_system"


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (0, b"", None),
        (1, b"\xff" * 8, None),
        (3, struct.pack("<i", -1), -1),
        (17, b"\x07", 7),
        (11, b"\xff\xff", True),
        (11, b"\0\0", False),
        (7, struct.pack("<d", 46_350.5), 1_795_521_600.0),
        (7, struct.pack("<d", 0.0), None),
        (8, b"", ""),
        (0x2008, b"\x01", None),
    ],
)
def test_variant_is_read_by_its_kind(com: FakeCom, kind: int, raw: bytes, value: object) -> None:
    assert real.value_of(com.gives_variant(kind, raw)) == value


@given(st.integers(0, 65_535).filter(lambda kind: kind != 8), st.integers(0, 2**64 - 1))
def test_no_variant_raises(kind: int, raw: int) -> None:
    real.value_of(Variant(kind=kind, value=raw))


@given(st.floats())
def test_no_date_of_ole_raises(days: float) -> None:
    real.unix_time(days)
