from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.encryption import linux
from probes.encryption.linux import Mount
from probes.model import ProbeError


def node(name: str, number: str, kind: str, *children: dict[str, Any]) -> dict[str, Any]:
    found = {"name": name, "kname": name, "maj:min": number, "type": kind}
    return found | ({"children": list(children)} if children else {})


def devices(*nodes: dict[str, Any]) -> list[linux.Device]:
    return linux.parse_devices(json.dumps({"blockdevices": list(nodes)}))


def mounts(*rows: tuple[str, str, str]) -> list[Mount]:
    return [Mount(number, place, "ext4", device) for number, place, device in rows]


ROOT_LV = node("vg-root", "254:1", "lvm")
LUKS = node("sda", "8:0", "disk", node("sda1", "8:1", "part"),
            node("sda2", "8:2", "part", node("luks", "254:0", "crypt", ROOT_LV)))  # fmt: skip
PLAIN = node("sda", "8:0", "disk", node("sda1", "8:1", "part"), node("sda2", "8:2", "part"))


def test_volume_below_which_something_encrypts_is_encrypted() -> None:
    found = devices(LUKS)
    places = mounts(("254:1", "/", "/dev/mapper/vg-root"), ("8:1", "/boot", "/dev/sda1"))
    assert linux.system(places, found) is True
    assert linux.volume_facts(places, found).values == {
        "volumes_count": 1, "encrypted_volumes_count": 1,
    }  # fmt: skip


def test_plain_disk_is_not() -> None:
    places = mounts(("8:1", "/", "/dev/sda1"), ("8:2", "/home/学生", "/dev/sda2"))
    assert linux.system(places, devices(PLAIN)) is False
    assert linux.volume_facts(places, devices(PLAIN)).values["encrypted_volumes_count"] == 0


def test_mirror_of_an_encrypted_and_a_plain_disk_is_not() -> None:
    half = node("vdb", "253:1", "disk", node("luks", "254:0", "crypt", node("md0", "9:0", "raid1")))
    other = node("vdc", "253:2", "disk", node("md0", "9:0", "raid1"))
    for order in ((half, other), (other, half)):
        assert linux.system(mounts(("9:0", "/", "/dev/md0")), devices(*order)) is False


def test_btrfs_is_found_by_the_name_of_its_device() -> None:
    places = mounts(("0:33", "/", "/dev/luks"))
    assert linux.system(places, devices(LUKS)) is True


def test_btrfs_on_an_encrypted_device_may_lie_on_others_too() -> None:
    (place,) = mounts(("0:33", "/", "/dev/luks"))
    assert linux.system([replace(place, kind="btrfs")], devices(LUKS)) is None
    (place,) = mounts(("0:33", "/", "/dev/vda2"))
    plain = devices(node("vda2", "253:2", "part"))
    assert linux.system([replace(place, kind="btrfs")], plain) is False


def test_device_that_is_not_listed_is_unknown() -> None:
    assert linux.system(mounts(("0:40", "/", "rpool/ROOT")), devices(PLAIN)) is None
    assert linux.system([], devices(PLAIN)) is None


def test_images_disks_to_read_and_memory_are_no_volumes() -> None:
    found = devices(node("loop0", "7:0", "loop"), node("sr0", "11:0", "rom"),
                    node("zram0", "252:0", "disk"))  # fmt: skip
    places = mounts(("7:0", "/snap/x", "/dev/loop0"), ("11:0", "/media/光盘", "/dev/sr0"),
                    ("252:0", "/tmp", "/dev/zram0"))  # fmt: skip
    with pytest.raises(ProbeError):
        linux.volume_facts(places, found)


def test_mountinfo_is_read_with_its_escapes() -> None:
    text = "36 35 8:1 / /home/my\\040disk rw shared:1 - ext4 /dev/sda1 rw\ngarbage\n1 2 3 - x\n"
    assert linux.parse_mounts(text) == [Mount("8:1", "/home/my disk", "ext4", "/dev/sda1")]


ROUTER = """1 1 31:5 / /rom ro - squashfs /dev/mtdblock5 ro
2 1 31:6 / /overlay rw - jffs2 /dev/mtdblock6 rw
3 1 0:9 / / rw - overlay overlayfs:/overlay rw
"""


@pytest.mark.parametrize(
    ("text", "flash"),
    [
        (ROUTER, True),
        (ROUTER.replace("/dev/mtdblock6", "/dev/ubi0_1").replace("/dev/mtdblock5", "/dev/x"), True),
        (ROUTER.replace("/dev/mtdblock", "/dev/sda"), False),
        ("1 1 8:1 / / rw - ext4 /dev/sda1 rw\n", False),
        ("", False),
    ],
)
def test_flash_of_a_router_is_no_disk(text: str, flash: bool) -> None:
    assert linux.is_flash(linux.parse_mounts(text)) is flash


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"blockdevices": 1}', '{"blockdevices": [{"name": "sda"}]}',
             '{"blockdevices": [{"name": 1, "kname": "a", "maj:min": "8:0", "type": "disk"}]}']
)  # fmt: skip
def test_listing_of_another_form_is_unreadable(text: str) -> None:
    with pytest.raises(ProbeError) as caught:
        linux.parse_devices(text)
    assert caught.value.reason == "unreadable"


JSON = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["blockdevices", "name", "kname", "maj:min", "type", "children"]), inner
        )
    ),
)


@given(JSON.map(json.dumps) | st.text())
def test_no_listing_without_crypt_is_encrypted(text: str) -> None:
    try:
        found = linux.parse_devices(text)
    except ProbeError:
        return
    assert "crypt" in text or not any(device.encrypted for device in found)


@given(st.text())
def test_any_text_is_mounts_without_a_fault(text: str) -> None:
    found = linux.parse_mounts(text)
    assert linux.system(found, devices(PLAIN)) in (None, False)
    assert linux.is_flash(found) in (True, False)
