"""DATA/lan: read strictly, and read again when it changes."""

from __future__ import annotations

import logging
import os
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from collector.inventory.model import DeviceKind
from collector.lan.credential import Community, Password, SnmpUser, kind_of
from collector.lan.site import ManagedDevice, Projector, Router, Uplink
from collector.lan.sites import Described, LanFolder, read_lan
from probes.text import Text

from .scene import KEYS, OTHER, PRIVACY_KEY, SCHOOL, SECRETS, WHOLE, write, write_keys

SMALL = 'networks = ["10.2.0.0/16"]\n'


def described(data_dir: Path) -> Described:
    return read_lan(data_dir / "lan")


def fault(data_dir: Path, text: str, keys: str = KEYS) -> Text:
    """What is said of a site's file."""
    write_keys(data_dir, keys)
    path = write(data_dir, text)
    return described(data_dir).faults[path.name]


def test_no_folder_is_no_site(tmp_path: Path) -> None:
    found = described(tmp_path)
    assert (found.lans, found.credentials, found.faults) == ({}, {}, {})


def test_site_is_read_with_every_key_in_one_spelling(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    found = described(tmp_path)
    assert not found.faults
    site = found.sites[SCHOOL]
    assert site.networks == (ip_network("10.1.0.0/16"), ip_network("fd00:1::/48"))
    assert site.sweep == (ip_network("10.1.1.0/24"),)
    assert site.dhcp_servers == ("10.1.0.1", "00:11:22:aa:bb:cc")
    assert site.routers == ("fe80::1",)
    assert site.gateway == Router("10.1.0.1", ("00:11:22:aa:bb:cc",))
    assert site.resolvers == ("10.1.0.1", "2001:db8::53")
    assert site.uplink == Uplink("核心", "GE0/0/24", "主线")
    assert site.device("核心") == ManagedDevice(
        name="核心", host="10.1.0.2", credential="core", kind=DeviceKind.SWITCH, room="机房"
    )
    assert site.projectors == (
        Projector(name="101", host="10.1.3.11", credential="pj", room="101"),
    )
    assert site.covers("10.1.255.1")
    assert not site.covers("10.2.0.1")
    assert hash(found.lans[SCHOOL]) == hash(described(tmp_path).lans[SCHOOL])


def test_site_has_the_credentials_that_its_gear_names_and_no_others(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    write(tmp_path, SMALL, OTHER)
    lans = described(tmp_path).lans
    assert [type(key) for key in lans[SCHOOL].keys] == [SnmpUser, Password, Community]
    assert lans[OTHER].keys == ()


def test_secrets_are_not_in_what_is_printed(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    shown = repr(described(tmp_path))
    assert "switches" in shown
    assert not [secret for secret in SECRETS if secret in shown]


DEVICE = '[[device]]\nname = "sw"\nhost = "10.1.0.2"\ncredential = "switches"\n'
NETWORKS = 'networks = ["10.1.0.0/16"]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"lan/9934000001.toml: networks: this key is missing"),
        ("networks = []", "networks: name at least one"),
        (NETWORKS + "sweeps = []", "sweeps: there is no such key"),
        ('networks = ["10.1.0.7/16"]', "networks.*'10.1.0.7/16' should be written 10.1.0.0/16"),
        ('networks = ["10.1.0.7"]', "should be written 10.1.0.7/32"),
        ('networks = ["school"]', "'school' is no network"),
        ('networks = ["0.0.0.0/0"]', "0.0.0.0/0 is too wide, /8 at most"),
        ('networks = ["::/0"]', "too wide"),
        ('networks = ["169.254.169.0/24"]', "cannot be a school's own"),
        ('networks = ["10.1.0.0/16", "10.1.0.0/16"]', "there twice"),
        (NETWORKS + 'sweep = ["10.2.1.0/24"]', r"sweep: 10.2.1.0/24 is outside networks"),
        (NETWORKS + 'sweep = ["10.1.0.0/20"]', "10.1.0.0/20 is too wide, /22 at most"),
        (NETWORKS + 'sweep = ["10.1.0.0/23", "10.1.1.0/24"]', "overlaps 10.1.0.0/23"),
        (NETWORKS + 'sweep = ["fd00::/64"]', "is not IPv4"),
        (NETWORKS + 'dhcp_servers = ["dhcp1"]', "neither an IP address nor a MAC"),
        (NETWORKS + 'routers = ["10.1.0.1"]', "IPv6 routers go here"),
        (NETWORKS + 'gateway = { address = "10.9.0.1" }', r"gateway.address: 10.9.0.1 is outside"),
        (NETWORKS + 'gateway = { address = "10.1.0.1", mac = "00:11" }', "'00:11' is no MAC"),
        (
            NETWORKS + 'gateway = { address = "10.1.0.1", mac = ["x"] }',
            "gateway.mac: 'x' is no MAC",
        ),
        (
            NETWORKS + 'gateway = { address = "10.1.0.1", mac = 7 }',
            "gateway.mac: 7 should be a list",
        ),
        (
            NETWORKS + 'uplink = { device = "sw", interface = "1" }',
            "uplink.device: no .*device.* is named 'sw'",
        ),
        (NETWORKS + DEVICE.replace("10.1.0.2", "10.9.0.2"), r"device\[1\].host: 10.9.0.2 is out"),
        (NETWORKS + DEVICE.replace("10.1.0.2", "sw.local"), "a name will not do"),
        (NETWORKS + DEVICE.replace("switches", "swiches"), r"no credential 'swiches'.*switches"),
        (
            NETWORKS + DEVICE.replace("switches", "pj"),
            "'pj' \\(PJLink password\\) is of no use to 'sw'",
        ),
        (NETWORKS + DEVICE + 'kind = "fridge"', "'fridge' is not one of"),
        (NETWORKS + DEVICE + "port = 0", "0 is no port"),
        (NETWORKS + DEVICE.replace('"sw"', r'"s\u0085w"'), "should have 1 to 64 characters"),
        (NETWORKS + DEVICE + DEVICE.replace("0.2", "0.3"), "'sw' is there twice"),
        (NETWORKS + DEVICE + DEVICE.replace("sw", "s2"), "'10.1.0.2:161' is there twice"),
        (NETWORKS + DEVICE.replace("device", "projector"), "of no use to 'sw'; name another"),
        (NETWORKS + 'community = "x"', "community: there is no such key"),
        ("networks = [", "not valid TOML"),
    ],
)
def test_mistake_is_named_with_file_key_and_value(tmp_path: Path, text: str, words: str) -> None:
    said = fault(tmp_path, text)
    assert re.search(words, said.en), said.en
    assert f"{SCHOOL}.toml" in said.zh


def test_pair_of_gateways_has_several_macs(tmp_path: Path) -> None:
    pair = '["00-11-22-AA-BB-CC", "0011.22aa.bbcd"]'
    write(tmp_path, NETWORKS + f'gateway = {{ address = "10.1.0.1", mac = {pair} }}')
    gateway = described(tmp_path).sites[SCHOOL].gateway
    assert gateway == Router("10.1.0.1", ("00:11:22:aa:bb:cc", "00:11:22:aa:bb:cd"))


def test_file_is_named_like_its_school(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "school-one")
    write(tmp_path, SMALL, ".9934000009")  # an editor's own
    found = described(tmp_path)
    assert "rename" in found.faults["school-one.toml"].en
    assert list(found.faults) == ["school-one.toml"]
    assert not found.lans


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"c0ffee-read-only"', "123456789", "community: should be words in double quotes"),
        ('"c0ffee-read-only"', '""', "1 to 255 bytes of visible characters"),
        ('community = "c0ffee', 'comunity = "c0ffee', "community: this key is missing"),
        ('"SHA-256"', '"auth-key-of-ours"', "auth: should be one of MD5"),
        ('"auth-key-of-ours"', '"short"', "auth_key: should have 8 to 255 bytes"),
        ('version = "2c"', 'version = "c0ffee-read-only"', "version: should be one of 2c, 3"),
        ('privacy = "AES-128"\n', "", "privacy: this key is missing"),
        ('user = "banjun"', f'user = "{"u" * 33}"', "user: should have 1 to 32 bytes"),
        ('id = "core"', 'id = "switches"', "switches is there twice"),
        ('"c0ffee-read-only"', "c0ffee-read-only", "line 5, is not valid TOML"),
        ('kind = "pjlink"', 'kind = "beam-me-up"', "kind: should be one of snmp, pjlink"),
    ],
)
def test_mistake_in_the_credentials_is_named_without_any_secret(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert before in KEYS
    write_keys(tmp_path, KEYS.replace(before, after, 1))
    said = described(tmp_path).faults["credentials.toml"]
    assert words in said.en
    assert not [s for s in (*SECRETS, "123456789") if s in f"{said.zh}{said.en}"]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.parametrize(
    "text",
    [
        f'[credential]\nid = "a"\nversion = "2c"\ncommunity = "{SECRETS[0]}"\n',
        f'credential = [["{SECRETS[0]}"]]\n',
        f'[[credential]]\nid = ["{SECRETS[0]}"]\n',
        f'[[credential]]\n[credential.id]\ncommunity = "{SECRETS[0]}"\n',
    ],
)
def test_tables_in_the_wrong_place_are_named_without_what_is_in_them(
    tmp_path: Path, text: str
) -> None:
    write_keys(tmp_path, text)
    said = described(tmp_path).faults["credentials.toml"]
    assert "credential" in said.en
    assert SECRETS[0] not in f"{said.zh}{said.en}"


def test_credentials_that_others_may_read_are_refused_until_they_may_not(tmp_path: Path) -> None:
    path = write_keys(tmp_path, mode=0o640)
    held = LanFolder(tmp_path)
    assert "run chmod 600" in held.now.faults["credentials.toml"].en
    assert not held.now.credentials
    path.chmod(0o600)
    assert held.refresh()
    assert not held.now.faults
    assert len(held.now.credentials) == 3


def test_v3_without_privacy_is_for_gear_that_has_none(tmp_path: Path) -> None:
    text = KEYS.replace('privacy = "AES-128"\n', "").replace(f'privacy_key = "{PRIVACY_KEY}"\n', "")
    write_keys(tmp_path, text)
    key = described(tmp_path).credentials["core"]
    assert kind_of(key).en == "SNMP v3, SHA-256 and no privacy"
    assert set(key.for_probe()) == {"version", "user", "auth", "auth_key"}


def test_folder_is_read_again_when_it_changes(tmp_path: Path) -> None:
    held = LanFolder(tmp_path)
    assert held.refresh() is False
    path = write(tmp_path, SMALL)
    assert held.refresh() is True
    assert list(held.now.sites) == [SCHOOL]
    assert held.refresh() is False
    path.unlink()
    assert held.refresh() is True
    assert not held.now.sites


def test_broken_file_stops_nobody_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    held = LanFolder(tmp_path)
    before = held.now.lans[SCHOOL]
    with caplog.at_level(logging.ERROR):
        write(tmp_path, WHOLE.replace("10.1.0.2", "10.9.0.2"), at=2)
        write(tmp_path, SMALL, OTHER)
        held.refresh()
        write(tmp_path, SMALL, OTHER, at=3)
        held.refresh()
    assert held.now.lans[SCHOOL] == before
    assert OTHER in held.now.lans
    assert [record.message for record in caplog.records] == [held.now.faults[f"{SCHOOL}.toml"].en]
    write(tmp_path, WHOLE, at=4)
    held.refresh()
    assert not held.now.faults


def test_folder_that_cannot_be_read_leaves_everything_in_force(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    held = LanFolder(tmp_path)
    before = held.now.lans
    (tmp_path / "lan").rename(tmp_path / "away")
    (tmp_path / "lan").write_text("")
    assert held.refresh()
    assert "Cannot read" in held.now.faults["lan"].en
    assert held.now.lans == before
    (tmp_path / "lan").unlink()
    (tmp_path / "away").rename(tmp_path / "lan")
    held.refresh()
    assert (held.now.lans, held.now.faults) == (before, {})


def test_broken_credentials_leave_those_in_force_that_were_good(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    held = LanFolder(tmp_path)
    before = held.now.lans[SCHOOL]
    write_keys(tmp_path, KEYS + "[[credential]]\n", at=2)
    held.refresh()
    assert list(held.now.faults) == ["credentials.toml"]
    assert held.now.lans[SCHOOL] == before


def test_credential_that_is_gone_is_the_site_files_fault_and_it_goes_on(tmp_path: Path) -> None:
    write_keys(tmp_path)
    write(tmp_path, WHOLE)
    held = LanFolder(tmp_path)
    before = held.now.lans[SCHOOL]
    write_keys(tmp_path, KEYS.replace('"core"', '"kern"'), at=2)
    held.refresh()
    assert "no credential 'core'" in held.now.faults[f"{SCHOOL}.toml"].en
    assert held.now.lans[SCHOOL] == before


def test_site_is_known_without_its_gear_while_nobody_can_read_the_credentials(
    tmp_path: Path,
) -> None:
    write_keys(tmp_path, "[[credential")
    write(tmp_path, WHOLE)
    found = described(tmp_path)
    assert list(found.faults) == ["credentials.toml"]
    assert found.lans[SCHOOL].keys == ()


def test_files_in_the_documentation_can_be_used_as_they_stand(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "lan.md").read_text("utf-8")
    blocks = dict(re.findall(r"<!-- example: (\w+) -->\n```toml\n(.*?)```", page, re.DOTALL))
    write_keys(tmp_path, blocks["credentials"])
    write(tmp_path, blocks["site"])
    found = described(tmp_path)
    assert found.faults == {}
    assert [key.id for key in found.lans[SCHOOL].keys] == ["projectors", "switches"]


def test_file_that_is_nested_too_deep_is_a_mistake_like_any_other(tmp_path: Path) -> None:
    write(tmp_path, f"networks = {'[' * 5000}")
    write_keys(tmp_path, f"credential = {'[' * 5000}")
    assert described(tmp_path).faults.keys() == {f"{SCHOOL}.toml", "credentials.toml"}
