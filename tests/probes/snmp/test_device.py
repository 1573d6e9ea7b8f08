from __future__ import annotations

from typing import Any

import pytest

from probes.model import SettingError, parse_settings
from probes.snmp.device import AUTH, PRIVACY, devices_of
from probes.snmp.keys import CIPHERS, HASHES
from probes.snmp.probe import SnmpSettings

V2 = {"name": "core", "host": "10.1.0.2", "community": "s3cret-community"}
V3 = {
    "name": "core", "host": "10.1.0.2", "version": "3", "user": "banjun",
    "auth": "SHA-256", "auth_key": "s3cret-auth",
    "privacy": "AES-128", "privacy_key": "s3cret-priv",
}  # fmt: skip


def complaint(row: Any) -> str:
    with pytest.raises(SettingError) as caught:
        parse_settings(SnmpSettings, {"devices": [V2 | {"name": "first"}, row]}, "snmp_system")
    assert "s3cret" not in caught.value.text.zh + caught.value.text.en
    return caught.value.text.en


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"community": ""}, r"devices[1].community: v2c needs it"),
        ({"community": 5}, "devices[1].community: it should be of type str"),
        ({"host": ""}, "devices[1].host: it is missing"),
        ({"port": 0}, "devices[1].port: it should be from 1 to 65535"),
        ({"port": True}, "devices[1].port: it should be of type int"),
        ({"version": "1"}, "devices[1].version"),
        ({"colour": "red"}, "devices[1].colour: there is no such setting"),
        ({"name": "first"}, "devices[1].name: this name is there twice"),
    ],
)
def test_mistake_is_named_by_row_and_key(change: dict[str, Any], words: str) -> None:
    assert words in complaint(V2 | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user": ""}, "devices[1].user: it should have 1 to 32 bytes"),
        ({"auth": "SHA"}, "devices[1].auth: it should be one of MD5, SHA-1"),
        ({"auth_key": "s3cret"}, "devices[1].auth_key: at least 8 bytes"),
        ({"privacy": "AES"}, "devices[1].privacy: it should be one of DES, AES-128"),
        ({"privacy": ""}, "devices[1].privacy: privacy_key needs it"),
        ({"auth": "", "auth_key": ""}, "devices[1].auth: privacy needs it"),
    ],
)
def test_mistake_in_a_user_of_v3_is_named(change: dict[str, Any], words: str) -> None:
    assert words in complaint(V3 | change)


def test_row_that_is_no_table_is_refused() -> None:
    assert "devices[1]: a table is wanted" in complaint("10.1.0.2")


def test_secrets_are_in_no_representation() -> None:
    devices = devices_of([V2, V3 | {"name": "other"}], "devices")
    settings = parse_settings(SnmpSettings, {"devices": [V2]}, "snmp_system")
    assert "s3cret" not in f"{devices} {settings}"


def test_every_algorithm_that_may_be_set_is_there() -> None:
    assert set(AUTH) == set(HASHES)
    assert set(PRIVACY) == set(CIPHERS)
