from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.snmp.values import MAX_WORDS, mac, mac_of, number, octets, words


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"GigabitEthernet0/1", "GigabitEthernet0/1"),
        (b"MS TCP Loopback interface\0", "MS TCP Loopback interface"),
        (b"eth0\0garbage", "eth0"),
        ("教学楼".encode(), "教学楼"),
        ("中文".encode("gb18030"), "中文"),
        (b"Huawei\r\n\tVRP  5", "Huawei VRP 5"),
        (b"A: \xd6\xd0\xce\xc4\r\nB: \xff\xff", "A: 中文 B:"),
        (b"", ""),
        (b"\0", ""),
        (b"GE\xff\xff0/1", "GE 0/1"),
    ],
)
def test_octets_become_text_on_one_line(data: bytes, text: str) -> None:
    assert words(data) == text


@given(st.binary(max_size=400))
def test_any_octets_become_printable_text_that_fits_a_label(data: bytes) -> None:
    text = words(data)
    assert len(text) <= MAX_WORDS
    assert text.isprintable()


@pytest.mark.parametrize("value", [5, (1, 3), None])
def test_what_are_no_octets_are_no_words(value: int | tuple[int, ...] | None) -> None:
    assert words(value) == ""
    assert octets(value) is None


@pytest.mark.parametrize("value", [b"5", (1, 3), None])
def test_what_is_no_number_is_absent(value: bytes | tuple[int, ...] | None) -> None:
    assert number(value) is None


def test_mac_addresses_are_lower_case_with_colons() -> None:
    assert mac(bytes.fromhex("00E0FC0102AB")) == "00:e0:fc:01:02:ab"
    assert mac_of((0, 224, 252, 1, 2, 171)) == "00:e0:fc:01:02:ab"


@pytest.mark.parametrize("value", [bytes(6), b"\1\2\3", 7, None])
def test_what_is_no_mac_address_is_empty(value: bytes | int | None) -> None:
    assert mac(value) == ""


@pytest.mark.parametrize("index", [(0, 224, 252, 1, 2, 256), (1, 2, 3), ()])
def test_index_that_is_no_mac_address_is_empty(index: tuple[int, ...]) -> None:
    assert mac_of(index) == ""
