from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.identity import Identity, IdentityError, is_enrolled
from agent.lock import StateInUseError, StateLock
from config.durable import replace_file

IDENTITY = Identity(
    agent="agent1",
    key="ab" * 32,
    school="3401000001",
    school_name="示范小学",
    role="gateway",
    url="https://collector.example.edu.cn",
)

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_identity_comes_back_as_it_was(tmp_path: Path) -> None:
    assert not is_enrolled(tmp_path)
    IDENTITY.save(tmp_path)
    assert is_enrolled(tmp_path)
    assert Identity.load(tmp_path) == IDENTITY


@posix
def test_identity_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        IDENTITY.save(tmp_path)
    finally:
        os.umask(before)
    assert mode(tmp_path / "identity.json") == 0o600


@posix
def test_identity_that_was_opened_to_others_is_closed_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    IDENTITY.save(tmp_path)
    (tmp_path / "identity.json").chmod(0o644)
    Identity.load(tmp_path)
    assert mode(tmp_path / "identity.json") == 0o600
    assert "open to other users" in caplog.text


def test_missing_identity_says_how_to_enrol(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="banjun-agent enrol"):
        Identity.load(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"agent": "a"}', '{"agent": 1}', "\udcff"])
def test_identity_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "identity.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(IdentityError, match=r"identity\.json"):
        Identity.load(tmp_path)


def test_key_is_in_no_representation() -> None:
    assert IDENTITY.key not in repr(IDENTITY)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://c.example", "c.example", 443),
        ("http://127.0.0.1", "127.0.0.1", 80),
        ("http://[::1]:8470", "::1", 8470),
    ],
)
def test_address_of_the_collector_is_known(url: str, host: str, port: int) -> None:
    identity = Identity(agent="a", key="k", school="s", school_name="n", role="pc", url=url)
    assert (identity.collector_host, identity.collector_port) == (host, port)


def test_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    replace_file(path, b"old")

    def fail(handle: int) -> None:
        raise OSError(5, "I/O error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="I/O error"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


@posix
def test_link_planted_beside_the_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f"f.tmp{os.getpid()}").symlink_to(victim)
    replace_file(tmp_path / "f", b"content")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "f").read_bytes() == b"content"


def test_second_process_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from agent.lock import StateLock\n"
        "with StateLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StateInUseError, match=f"process {other.pid}"), StateLock(tmp_path):
            pass
        other.kill()
    with StateLock(tmp_path):
        pass
