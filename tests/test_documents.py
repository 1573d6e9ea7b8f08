"""What the standing documents owe: links that lead somewhere, both languages, no addresses."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
FRAGMENT = re.compile(r"[a-z0-9-]+\.(added|changed|fixed|data)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

# Written in pieces, so that this file does not hold what it looks for.
STRAY = re.compile(
    "|".join(
        [
            r"/work/(main|shared|\.library)",
            r"\.\./" + "shared",
            r"/opt/(pypi|wheels)",
            r"py" + r"pi\.(org|python|tuna|douban)",
            r"python" + r"hosted\.org",
            r"npm" + r"js\.(org|com)",
            r"registry\.npm",
            r"deb" + r"\.debian\.org",
            r"mirrors?\.(tuna|aliyun|ustc|cloud\.tencent)",
            r"(?<!emit-)(extra-)?index-" + r"url[ =]",
            r"(?<!emit-)find-" + r"links[ =]",
        ]
    )
)


def tracked() -> list[Path]:
    """What belongs to the repository; needs git."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("needs a git work tree")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "changelog.d" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_page_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    local = [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:", t)]
    assert [t for t in local if t and not (page.parent / t).exists()] == []


def test_repository_names_no_registry_and_no_path_of_one_machine() -> None:
    # bytes that are no text hold no address that a person wrote
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        for match in STRAY.finditer(path.read_text("utf-8", errors="replace"))
    ]
    assert found == []


def test_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = (page.read_text("utf-8") for page in READMES)
    assert len(re.findall("^##+ ", english, re.M)) == len(re.findall("^##+ ", chinese, re.M))
    command = re.compile(r"^(?:sudo |\$ )?(make|banjun-\w+|sh|git|apt|ssh) .*$", re.M)
    assert command.findall(english) == command.findall(chinese)


@pytest.mark.parametrize("page", [*READMES, ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_make_targets_that_a_page_names_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+)[a-z% -]*:", makefile, re.M))
    benches = {f"bench-{p.stem.replace('_', '-')}" for p in ROOT.glob("tests/bench/*.py")}
    named = set(re.findall(r"(?:`|^)make ([a-z]+(?:-[a-z]+)*)", page.read_text("utf-8"), re.M))
    assert named - targets - benches - {"bench"} == set()


def test_glossary_says_everything_in_both_languages() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    terms = [[cell.strip() for cell in row] for row in rows if "中文" not in row[0]]
    assert [row for row in terms if len(row) != 4 or not all(row)] == []
    assert [row for row in terms if not (CHINESE.search(row[0]) and CHINESE.search(row[2]))] == []


def test_glossary_explains_each_word_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = re.findall(r"^\| [^|]+ \| ([^|]+) \|", text, re.M)
    assert len(words) == len({*words}) + words.count("English") - 1


def test_changelog_fragments_are_named_and_written_as_asked() -> None:
    for fragment in (ROOT / "changelog.d").iterdir():
        if fragment.suffix == ".py" or fragment.name.startswith(("__", ".")):
            continue
        assert FRAGMENT.fullmatch(fragment.name), fragment.name
        chinese, english = fragment.read_text("utf-8").strip().split("\n")
        assert CHINESE.search(chinese), fragment.name
        assert not CHINESE.search(english), fragment.name


def test_release_moves_fragments_below_their_headings(tmp_path: Path, release: ModuleType) -> None:
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "spool.fixed").write_text("丢失\nLost\n", "utf-8")
    (tmp_path / "changelog.d" / "unit.data").write_text("单位\nUnit\n", "utf-8")
    release.release(tmp_path, "9.0.0", date(2026, 12, 1))
    text = (tmp_path / "CHANGELOG.md").read_text("utf-8")
    assert re.search(
        r"## 9.0.0 \(2026-12-01\).*Data changes.*\* 单位 Unit.*Fixed.*\* 丢失", text, re.S
    )
    assert not any((tmp_path / "changelog.d").iterdir())
