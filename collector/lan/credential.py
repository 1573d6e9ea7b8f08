"""DATA/lan/credentials.toml: what gear on schools' networks wants to know before it answers.

Every value but the id is kept out of errors, of what is shown and of `repr`; it leaves the
collector only towards agents of the schools whose gear names it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.secret_file import read_secret_toml
from config.strict import Table, refuse_twins
from probes.snmp.device import AUTH, LONGEST_USER, PRIVACY, SHORTEST_KEY
from probes.text import Text

FILE = "credentials.toml"
LONGEST = 255
SNMP, PJLINK = "snmp", "pjlink"


@dataclass(frozen=True, slots=True)
class Community:
    """SNMP v2c, which travels in clear text: inside the school only."""

    id: str
    community: str = field(repr=False)

    def for_probe(self) -> dict[str, str]:
        return {"version": "2c", "community": self.community}


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """SNMP v3 with authentication; without privacy where gear has none, and then in clear text."""

    id: str
    user: str = field(repr=False)
    auth: str
    auth_key: str = field(repr=False)
    privacy: str = ""
    privacy_key: str = field(default="", repr=False)

    def for_probe(self) -> dict[str, str]:
        found = {
            "version": "3",
            "user": self.user,
            "auth": self.auth,
            "auth_key": self.auth_key,
        }
        if not self.privacy:
            return found
        return {**found, "privacy": self.privacy, "privacy_key": self.privacy_key}


@dataclass(frozen=True, slots=True)
class Password:
    """PJLink."""

    id: str
    password: str = field(repr=False)

    def for_probe(self) -> dict[str, str]:
        return {"password": self.password}


Credential = Community | SnmpUser | Password
Credentials = Mapping[str, Credential]
"""By id."""


def kind_of(credential: Credential) -> Text:
    """What may be shown of it, beside its id."""
    match credential:
        case Community():
            return Text("SNMP v2c", "SNMP v2c")
        case SnmpUser(auth=auth, privacy=privacy):
            zh, en = privacy or "不加密", privacy or "no privacy"
            return Text(f"SNMP v3，{auth}、{zh}", f"SNMP v3, {auth} and {en}")
        case Password():
            return Text("PJLink 密码", "PJLink password")


def load_credentials(folder: Path) -> Credentials:
    """None without a file.

    Raises PolicyError for its content, and ConfigError when others than its owner may read it.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return {}
    with Table(read_secret_toml(path), f"{folder.name}/{FILE}") as top:
        found = [_credential(row) for row in top.tables("credential", optional=True)]
    refuse_twins(
        (credential.id for credential in found),
        lambda twin: Text(
            f"{folder.name}/{FILE}：凭据 {twin} 出现两次；请改名或删去一个。",
            f"{folder.name}/{FILE}: the credential {twin} is there twice; rename or delete one.",
        ),
    )
    return {credential.id: credential for credential in found}


def _credential(table: Table) -> Credential:
    with table:
        id = table.text("id")
        if not id:
            raise table.error("id", "不能为空", "must not be empty")
        if table.has("kind") and _named(table, "kind", (SNMP, PJLINK)) == PJLINK:
            return Password(id, _secret(table, "password"))
        if _named(table, "version", ("2c", "3")) == "2c":
            return Community(id, _secret(table, "community"))
        is_private = table.has("privacy") or table.has("privacy_key")
        return SnmpUser(
            id=id,
            user=_secret(table, "user", longest=LONGEST_USER),
            auth=_named(table, "auth", AUTH),
            auth_key=_secret(table, "auth_key", SHORTEST_KEY),
            privacy=_named(table, "privacy", PRIVACY) if is_private else "",
            privacy_key=_secret(table, "privacy_key", SHORTEST_KEY) if is_private else "",
        )


def _secret(table: Table, key: str, shortest: int = 1, longest: int = LONGEST) -> str:
    """No complaint may hold the value, so its type is not left to `Table.text`."""
    value = table.hidden(key)
    if not isinstance(value, str):
        raise table.error(key, "应为文字，用英文双引号括起来", "should be words in double quotes")
    if not shortest <= len(value.encode()) <= longest or not value.isprintable():
        raise table.error(
            key,
            f"应为 {shortest} 至 {longest} 字节的可见字符",
            f"should have {shortest} to {longest} bytes of visible characters",
        )
    return value


def _named(table: Table, key: str, choices: Collection[str]) -> str:
    """As `Table.choice`; whoever swaps two lines must not find a key in the complaint."""
    value = table.hidden(key)
    if value not in choices:
        known = ", ".join(choices)
        raise table.error(key, f"应为以下之一：{known}", f"should be one of {known}")
    return str(value)
