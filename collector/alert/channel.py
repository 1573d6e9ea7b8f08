"""channels.toml in the data directory: where messages go. Its addresses are secrets.

They are never logged, shown or put into an error; a channel is named by its id and its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.secret_file import read_secret_toml
from config.strict import PolicyError, Table
from probes.text import Text

FILE = "channels.toml"
KINDS: Mapping[str, Text] = {
    "wecombot": Text("企业微信机器人", "WeCom robot"),
    "dingtalk": Text("钉钉机器人", "DingTalk robot"),
    "feishu": Text("飞书机器人", "Feishu robot"),
    "mailto": Text("邮件（不加密）", "mail, unencrypted"),
    "mailtos": Text("邮件", "mail"),
    "json": Text("网络钩子（不加密）", "webhook, unencrypted"),
    "jsons": Text("网络钩子", "webhook"),
}
"""Apprise schemas that may be used; it knows many more, some of which run programs."""


@dataclass(frozen=True, slots=True)
class Channel:
    """`url` is a secret; `schema` is its beginning."""

    id: str
    schema: str
    url: str = field(repr=False)

    @property
    def kind(self) -> Text:
        return KINDS[self.schema]


def load_channels(data_dir: Path) -> Mapping[str, Channel]:
    """By id; none when there is no file.

    Raises PolicyError for its content, and ConfigError when others than its owner may read it.
    """
    path = data_dir / FILE
    if not path.exists():
        return {}
    with Table(read_secret_toml(path), FILE) as top:
        channels = [_channel(table) for table in top.tables("channel", optional=True)]
    ids = [channel.id for channel in channels]
    for twin in sorted({i for i in ids if ids.count(i) > 1}):
        raise PolicyError(
            Text(f"{FILE}：渠道 {twin} 出现两次。", f"{FILE}: the channel {twin} is there twice.")
        )
    return {channel.id: channel for channel in channels}


def _channel(top: Table) -> Channel:
    with top as table:
        id = table.text("id")
        url = table.text("url")
        schema = url.partition("://")[0].lower()
        if schema not in KINDS:  # the value stays out of the message
            known = ", ".join(f"{schema}://" for schema in KINDS)
            raise table.error(
                "url", f"应以下列之一开头：{known}", f"should begin with one of {known}"
            )
        return Channel(id, schema, url)
