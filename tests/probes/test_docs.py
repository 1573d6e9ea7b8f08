from __future__ import annotations

from pathlib import Path

import pytest

from probes import docs
from probes.catalog import Catalog, discover
from probes.docs import StalePagesError
from probes.instruments.tcp_connect import TcpConnect
from probes.instruments.uptime import Uptime
from probes.model import COMMON_REASONS
from probes.text import Language


def test_page_names_everything_that_is_declared() -> None:
    page = docs.page(TcpConnect)
    for metric in TcpConnect.measures:
        assert page.count(f"`{metric.name}`") == 2  # once in each language
    for name in ("`port`", "`handshakes`", "`timeout`", "`refused`"):
        assert page.count(name) == 2
    for text in (TcpConnect.about, TcpConnect.limits, TcpConnect.privilege):
        assert text.zh in page
        assert text.en in page


def test_page_shows_bounds_and_steps_as_a_person_writes_them() -> None:
    page = docs.page(TcpConnect)
    assert "| 0.00001 | 0 … 60 |" in page
    assert "| `port` | `443` | 1 … 65535 |" in page


def test_page_without_labels_or_settings_has_no_empty_section() -> None:
    page = docs.page(Uptime)
    assert "### 标签" not in page
    assert "### Settings" not in page


def test_page_says_that_it_is_generated() -> None:
    assert all(text.startswith(docs.HEADER) for text in docs.pages(discover()).values())


def test_index_links_every_page_and_names_every_common_reason() -> None:
    index = docs.pages(discover())["README.md"]
    assert all(f"({name}.md)" in index for name in discover())
    assert all(f"`{reason}`" in index for reason in COMMON_REASONS)


def test_pages_are_written_once_and_then_current(tmp_path: Path) -> None:
    catalog = Catalog([TcpConnect, Uptime])
    written = docs.write(catalog, tmp_path / "probes")
    assert sorted(p.name for p in written) == ["README.md", "tcp_connect.md", "uptime.md"]
    assert docs.write(catalog, tmp_path / "probes") == []
    docs.check(catalog, tmp_path / "probes")


def test_changed_page_is_named_and_mended(tmp_path: Path) -> None:
    catalog = Catalog([Uptime])
    docs.write(catalog, tmp_path)
    page = tmp_path / "uptime.md"
    page.write_text(page.read_text().replace("Uptime", "Downtime"))
    with pytest.raises(StalePagesError) as caught:
        docs.check(catalog, tmp_path)
    assert all("uptime.md" in caught.value.text(language) for language in Language)
    assert docs.write(catalog, tmp_path) == [page]
    docs.check(catalog, tmp_path)


def test_page_of_a_probe_that_is_gone_is_removed_and_other_files_stay(tmp_path: Path) -> None:
    docs.write(Catalog([Uptime, TcpConnect]), tmp_path)
    (tmp_path / "notes.md").write_text("by hand")
    with pytest.raises(StalePagesError, match=r"tcp_connect\.md"):
        docs.check(Catalog([Uptime]), tmp_path)
    docs.write(Catalog([Uptime]), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "notes.md", "uptime.md"]
