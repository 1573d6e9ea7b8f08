"""The names of cities and counties: policies/areas.toml. Nothing is judged by them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from config.policy_folder import PolicyFolder, name_of
from config.strict import Table, read_toml
from probes.text import Text

FILE = "areas.toml"
_ADCODE = re.compile(r"[0-9]{6}")


def load_areas(folder: PolicyFolder) -> Mapping[str, Text]:
    """Name by six-digit adcode; none without a file. Raises PolicyError naming file and key."""
    path = folder / FILE
    if not path.exists():
        return {}
    with Table(read_toml(path), name_of(path)) as top, top.table("names") as table:
        found = {adcode: table.bilingual(adcode) for adcode in table.names()}
        for adcode in found:
            if not _ADCODE.fullmatch(adcode):
                raise table.error(adcode, "行政区划代码应为六位数字", "an adcode has six digits")
    return found
