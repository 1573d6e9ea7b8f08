"""collector.toml: mistakes that would be found late, or tell a secret."""

from __future__ import annotations

import pytest

from config.collector_settings import ExportSettings
from config.load import ConfigError


@pytest.mark.parametrize("key", ["url", "metrics_urls"])
def test_password_in_the_address_of_an_engine_is_refused_and_not_repeated(key: str) -> None:
    address = "https://banjun:hush@metrics.example:8427"
    given = {"url": address} if key == "url" else {"metrics_urls": (address,)}
    with pytest.raises(ConfigError) as raised:
        ExportSettings(**given)
    assert "hush" not in f"{raised.value} {raised.value.text.zh} {raised.value.text.en}"
    assert "token_file" in raised.value.text.en
