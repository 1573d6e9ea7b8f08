"""The devices that are asked, as settings give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from probes.model import SettingError
from probes.text import Text

AUTH = ("MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
"""RFC 3414, RFC 7860. MD5 and SHA-1 are for gear that has nothing better."""
PRIVACY = ("DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C")
"""RFC 3414, RFC 3826; the longer keys are what makers do, without an RFC. `-C`: with the key
extended as in 3DES (draft-reeder-snmpv3-usm-3desede), which Cisco uses."""
SHORTEST_KEY = 8
"""RFC 3414 section 11.2."""
LONGEST_USER = 32
"""RFC 3414 section 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device and how to speak with it: v2c with a community, or v3 with a user.

    Without `auth` v3 is noAuthNoPriv, without `privacy` authNoPriv.
    """

    name: str
    host: str
    port: int = 161
    version: str = "2c"
    community: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    auth: str = ""
    auth_key: str = field(default="", repr=False)
    privacy: str = ""
    privacy_key: str = field(default="", repr=False)
    context: str = ""

    def as_json(self) -> dict[str, Any]:
        """With its secrets: for the pipe to the other process, and nothing else."""
        return asdict(self)


def devices_of(rows: Sequence[Mapping[str, Any]], where: str) -> tuple[Device, ...]:
    """Raises SettingError, which names a row and a key, and no value that may be a secret."""
    devices = tuple(_device(row, f"{where}[{at}]") for at, row in enumerate(rows))
    names = [device.name for device in devices]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise _wrong(f"{where}[{at}].name", "名称重复", "this name is there twice")
    return devices


def _device(row: Mapping[str, Any], where: str) -> Device:
    if not isinstance(row, Mapping):
        raise _wrong(where, "应为一个表", "a table is wanted")
    kinds = {name: int if name == "port" else str for name in Device.__dataclass_fields__}
    for key, value in row.items():
        if key not in kinds:
            raise _wrong(f"{where}.{key}", "没有这个设置", "there is no such setting")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            kind = kinds[key].__name__
            raise _wrong(f"{where}.{key}", f"类型应为 {kind}", f"it should be of type {kind}")
    for key in ("name", "host"):
        if not row.get(key):
            raise _wrong(f"{where}.{key}", "不能为空", "it is missing")
    device = Device(**row)
    _check(device, where)
    return device


def _check(device: Device, where: str) -> None:
    if not 1 <= device.port <= 65535:
        raise _wrong(f"{where}.port", "应为 1 至 65535", "it should be from 1 to 65535")
    match device.version:
        case "2c":
            if not device.community:
                raise _wrong(f"{where}.community", "v2c 需要团体名", "v2c needs it")
        case "3":
            _check_user(device, where)
        case _:
            raise _wrong(f"{where}.version", '应为 "2c" 或 "3"', 'it should be "2c" or "3"')


def _check_user(device: Device, where: str) -> None:
    if not 1 <= len(device.user.encode()) <= LONGEST_USER:
        raise _wrong(f"{where}.user", "应为 1 至 32 字节", "it should have 1 to 32 bytes")
    for kind, known in (("auth", AUTH), ("privacy", PRIVACY)):
        chosen, key = getattr(device, kind), getattr(device, f"{kind}_key")
        if chosen and chosen not in known:
            names = ", ".join(known)
            raise _wrong(f"{where}.{kind}", f"应为 {names} 之一", f"it should be one of {names}")
        if chosen and len(key.encode()) < SHORTEST_KEY:
            least = f"{SHORTEST_KEY}"
            raise _wrong(f"{where}.{kind}_key", f"至少 {least} 字节", f"at least {least} bytes")
        if key and not chosen:
            raise _wrong(f"{where}.{kind}", f"有 {kind}_key 就需要它", f"{kind}_key needs it")
    if device.privacy and not device.auth:
        raise _wrong(f"{where}.auth", "加密需要先认证", "privacy needs it")


def _wrong(where: str, zh: str, en: str) -> SettingError:
    return SettingError(Text(f"{where}：{zh}。", f"{where}: {en}."))
