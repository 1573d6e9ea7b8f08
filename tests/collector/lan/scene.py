"""A school's network as files, for tests."""

from __future__ import annotations

import os
from pathlib import Path

from collector.lan.credential import FILE as CREDENTIALS
from collector.lan.sites import FOLDER

SCHOOL, OTHER = "9934000001", "9934000002"
COMMUNITY, AUTH_KEY, PRIVACY_KEY = "c0ffee-read-only", "auth-key-of-ours", "priv-key-of-ours"
PASSWORD = "beam-me-up"
SECRETS = (COMMUNITY, AUTH_KEY, PRIVACY_KEY, PASSWORD)
KEYS = f"""
[[credential]]
id = "switches"
version = "2c"
community = "{COMMUNITY}"

[[credential]]
id = "core"
version = "3"
user = "banjun"
auth = "SHA-256"
auth_key = "{AUTH_KEY}"
privacy = "AES-128"
privacy_key = "{PRIVACY_KEY}"

[[credential]]
id = "pj"
kind = "pjlink"
password = "{PASSWORD}"
"""
WHOLE = """
networks = ["10.1.0.0/16", "fd00:1::/48"]
sweep = ["10.1.1.0/24"]
dhcp_servers = ["10.1.0.1", "00-11-22-AA-BB-CC"]
routers = ["fe80::1"]
gateway = { address = "10.1.0.1", mac = "0011.22aa.bbcc" }
resolvers = ["10.1.0.1", "2001:DB8::0:53"]
uplink = { device = "核心", interface = "GE0/0/24", link = "主线" }

[[device]]
name = "核心"
host = "10.1.0.2"
credential = "core"
kind = "switch"
room = "机房"

[[device]]
name = "ups"
host = "10.1.0.9"
credential = "switches"
kind = "ups"

[[projector]]
name = "101"
host = "10.1.3.11"
credential = "pj"
room = "101"
"""


def write(
    data_dir: Path, text: str, school: str = SCHOOL, *, at: int = 1, mode: int = 0o644
) -> Path:
    """`at`: the time of change that the file bears."""
    path = data_dir / FOLDER / f"{school}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)
    os.utime(path, (at, at))
    return path


def write_keys(data_dir: Path, text: str = KEYS, *, at: int = 1, mode: int = 0o600) -> Path:
    return write(data_dir, text, CREDENTIALS.removesuffix(".toml"), at=at, mode=mode)
