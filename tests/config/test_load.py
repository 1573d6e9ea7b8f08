from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from config.agent_settings import AgentSettings, LogLevel, Metered
from config.load import ConfigError, build_settings, load_settings
from probes.model import setting
from probes.text import Text

EXAMPLE = Path(__file__).parents[2] / "config/examples/agent.toml"


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Leaf:
    size: int = setting(3, Text("大小", "size"), minimum=1, maximum=10)


@dataclass(frozen=True, slots=True)
class Tree:
    name: str
    ratio: float = setting(0.5, Text("比例", "ratio"), minimum=0, maximum=1)
    on: bool = False
    colour: Colour = Colour.RED
    path: Path | None = None
    words: tuple[str, ...] = ()
    leaf: Leaf = field(default_factory=Leaf)
    leaves: tuple[Leaf, ...] = ()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tree.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        name = "oak"
        ratio = 1
        on = true
        colour = "red"
        path = "a/b"
        words = ["x", "y"]
        leaf = { size = 7 }
        [[leaves]]
        size = 1
        [[leaves]]
        """,
    )
    tree = load_settings(Tree, path)
    assert tree == Tree(
        "oak", 1.0, True, Colour.RED, Path("a/b"), ("x", "y"), Leaf(7), (Leaf(1), Leaf(3))
    )
    assert type(tree.ratio) is float


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('name = "a"\nnmae = 1', "nmae"),
        ("", "name"),
        ("name = 3", "name"),
        ('name = "a"\non = 1', "on"),
        ('name = "a"\nratio = true', "ratio"),
        ('name = "a"\nratio = 1.01', "ratio"),
        ('name = "a"\nratio = nan', "ratio"),
        ('name = "a"\ncolour = "blue"', "colour"),
        ('name = "a"\nwords = "x"', "words"),
        ('name = "a"\nwords = ["x", 1]', "words[1]"),
        ('name = "a"\nleaf = 3', "leaf"),
        ('name = "a"\n[leaf]\nsize = 0', "leaf.size"),
        ('name = "a"\n[leaf]\nsise = 1', "leaf.sise"),
        ('name = "a"\n[[leaves]]\nsize = 1.5', "leaves[0].size"),
    ],
)
def test_mistake_names_file_and_key_in_both_languages(tmp_path: Path, text: str, key: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(Tree, path)
    assert f"{path}: {key}:" in caught.value.text.en
    assert f"{path}：{key}：" in caught.value.text.zh


def test_unknown_key_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="known: size"):
        build_settings(Leaf, {"sise": 1}, "f.toml")


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe"])
def test_file_that_is_not_toml_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(Tree, path)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read"):
        load_settings(Tree, tmp_path / "none.toml")


def test_no_file_means_every_default() -> None:
    assert load_settings(AgentSettings, None) == AgentSettings()


def test_example_of_the_agent_shows_the_defaults() -> None:
    assert load_settings(AgentSettings, EXAMPLE) == AgentSettings()


def test_example_of_the_agent_shows_every_key() -> None:
    text = EXAMPLE.read_text("utf-8")
    keys = ("log_level", "ca_file", "probes", "hosts", "max_mebibytes", "max_days", "metered",
            "daily_bytes")  # fmt: skip
    for key in keys:
        assert f"{key} = " in text


def test_allow_list_with_a_wrong_network_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, '[allow]\nhosts = ["10.0.0.0/33"]')
    with pytest.raises(ConfigError, match=r"tree\.toml: allow: '10\.0\.0\.0/33'"):
        load_settings(AgentSettings, path)


def test_log_level_is_one_of_four(tmp_path: Path) -> None:
    assert load_settings(AgentSettings, written(tmp_path, 'log_level = "debug"')).log_level is (
        LogLevel.DEBUG
    )


@pytest.mark.parametrize(
    ("text", "metered"),
    [('"auto"', Metered.AUTO), ("true", Metered.YES), ("false", Metered.NO)],
)
def test_metered_is_a_word_or_a_truth_value(tmp_path: Path, text: str, metered: Metered) -> None:
    path = written(tmp_path, f"[link]\nmetered = {text}")
    assert load_settings(AgentSettings, path).link.metered is metered


@pytest.mark.parametrize("text", ["metered = 1", 'metered = "yes"', "daily_bytes = 1000"])
def test_link_settings_that_mean_nothing_are_explained(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"auto, true, false|at least 5000000"):
        load_settings(AgentSettings, written(tmp_path, f"[link]\n{text}"))
