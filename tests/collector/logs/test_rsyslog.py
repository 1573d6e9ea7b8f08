"""The receiver is the real rsyslogd, and so is the sender."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.logs.receiver import Listen, configuration, driver_or_none, put_sources
from collector.tls.folder import TlsFolder
from tests.collector.logs.rsyslog import forwarding, rsyslogd, wait_until
from tests.collector.logs.scene import LogScene
from tests.lab.daemon import accepts, free_port

pytestmark = [
    pytest.mark.server("rsyslogd"),
    pytest.mark.skipif(os.name == "nt", reason="rsyslog is no program of Windows"),
]
GATEWAY = "gateway"
LINES = 100_000


@contextmanager
def receiving(scene: LogScene, listen: Listen) -> Iterator[None]:
    """What `logs config` prints, on ports of loopback."""
    put_sources(scene.folder, scene.book.sources())
    path = scene.data_dir / "rsyslog.conf"
    path.write_text(configuration(scene.folder, scene.data_dir / "tls", listen), "utf-8")
    with rsyslogd(path, scene.folder.pid):
        wait_until(lambda: accepts(listen.port))
        yield


@contextmanager
def sending(folder: Path, lines: Path, forward: str) -> Iterator[None]:
    """A machine that forwards what is in the file `lines`."""
    folder.mkdir()
    path = folder / "rsyslog.conf"
    path.write_text(
        f'global(workDirectory="{folder}")\n'
        'module(load="imfile")\n'
        f'input(type="imfile" file="{lines}" tag="switch:")\n' + forward,
        "utf-8",
    )
    with rsyslogd(path, folder / "pid"):
        yield


def received(scene: LogScene) -> int:
    """Lines of the gateway that are not sealed yet."""
    files = (file.path for file in scene.folder.arrived() if file.source == GATEWAY)
    return sum(path.read_bytes().count(b"\n") for path in files)


def tomorrow(scene: LogScene) -> None:
    scene.today = scene.policy.today(datetime.now(UTC)) + timedelta(days=1)


def sealed(scene: LogScene, source: str) -> bytes:
    return b"".join(
        gzip.decompress(scene.folder.sealed(seal.part).read_bytes())
        for seal in scene.book.seals(source)
    )


@pytest.mark.long
def test_hundred_thousand_lines_over_tcp_are_sealed_each_exactly_once(
    scene: LogScene, tmp_path: Path
) -> None:
    scene.add(GATEWAY, "127.0.0.1", "9934000001")
    port = free_port()
    lines = tmp_path / "switch.log"
    lines.write_text("".join(f"event {n} 端口 up\n" for n in range(LINES)), "utf-8")
    forward = forwarding(tls=False).replace("192.0.2.10", "127.0.0.1").replace("514", str(port))
    with receiving(scene, Listen("127.0.0.1", port)):
        with sending(tmp_path / "sender", lines, forward):
            wait_until(lambda: received(scene) >= LINES)
        tomorrow(scene)
        made = scene.seal(patience=10)  # while the receiver runs, and has the file open
    found = Counter(re.findall(rb"event (\d+) \xe7\xab\xaf", sealed(scene, GATEWAY)))
    assert len(found) == LINES
    assert set(found.values()) == {1}
    total = [seal.content for seal in made if seal.part.source == GATEWAY]
    assert sum(content.lines for content in total) == LINES
    first, last = (datetime.fromisoformat(at) for at in (total[0].first_at, total[0].last_at))
    assert timedelta(0) <= last - first < timedelta(minutes=5)
    assert first.utcoffset() == timedelta(hours=8)
    assert scene.faults() == []
    _tamper(scene)


def _tamper(scene: LogScene) -> None:
    """Edited, cut, removed: each is named."""
    day = scene.book.seals(GATEWAY)[0].part.day
    path, name = scene.file(GATEWAY, day), f"{GATEWAY}/{day}.log.gz"
    sound = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(sound).replace(b"event 77 ", b"event 78 "), 1))
    assert scene.faults() == [("edited", name)]
    os.truncate(path, len(sound) // 3)
    assert scene.faults() == [("truncated", name)]
    path.unlink()
    assert scene.faults() == [("removed", name)]


def test_datagrams_and_strangers_are_kept_as_they_came(scene: LogScene) -> None:
    port = _free_for_both()
    with receiving(scene, Listen("127.0.0.1", port)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<189>%%10IFNET/3/LINK \xb6\xcb\xbf\xda", ("127.0.0.1", port))
            wait_until(lambda: "_unregistered" in _names(scene))
        scene.add(GATEWAY, "127.0.0.1")
        assert put_sources(scene.folder, scene.book.sources())  # the receiver was told
        wait_until(lambda: _reached(scene, port))
        tomorrow(scene)
        scene.seal(patience=10)
    # control characters and the vendor's own form stay; GBK is not touched
    assert re.fullmatch(
        rb"\S+ 127\.0\.0\.1 <189>%%10IFNET/3/LINK \xb6\xcb\xbf\xda\n.*",
        sealed(scene, "_unregistered"),
        re.S,
    )
    assert b"<13>known now" in sealed(scene, GATEWAY)
    assert b"start" in sealed(scene, "_receiver")


def _reached(scene: LogScene, port: int) -> bool:
    """It reads the table again in its own time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<13>known now", ("127.0.0.1", port))
    return GATEWAY in _names(scene)


def _names(scene: LogScene) -> set[str]:
    return {file.source for file in scene.folder.arrived() if file.bytes}


def _free_for_both() -> int:
    while True:
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return port


def test_lines_come_over_tls_by_the_collector_s_own_authority(
    scene: LogScene, tmp_path: Path
) -> None:
    driver = driver_or_none()
    if driver is None:
        pytest.skip("needs rsyslog-openssl or rsyslog-gnutls (tests/debian-packages.txt)")
    TlsFolder(scene.data_dir).make(["127.0.0.1"], datetime.now(UTC))
    scene.add(GATEWAY, "127.0.0.1")
    port, tls_port = free_port(), free_port()
    lines = tmp_path / "lines"
    lines.write_text("over tls\n")
    forward = forwarding(tls=True).replace("192.0.2.10", "127.0.0.1").replace("6514", str(tls_port))
    authority = str(scene.data_dir / "tls" / "authority.pem")
    forward = forward.replace("/etc/banjun/authority.pem", authority).replace("ossl", driver)
    with receiving(scene, Listen("127.0.0.1", port, tls_port, driver)):
        with sending(tmp_path / "sender", lines, forward):
            wait_until(lambda: GATEWAY in _names(scene))
        tomorrow(scene)
        scene.seal(patience=10)
    assert b"over tls" in sealed(scene, GATEWAY)


def test_lines_that_wait_while_the_receiver_is_away_follow(scene: LogScene, tmp_path: Path) -> None:
    scene.add(GATEWAY, "127.0.0.1")
    port = free_port()
    lines = tmp_path / "lines"
    lines.write_text("".join(f"event {n}\n" for n in range(500)))
    forward = forwarding(tls=False).replace("192.0.2.10", "127.0.0.1").replace("514", str(port))
    forward = forward.replace("action.resume", 'action.resumeInterval="1" action.resume')
    with sending(tmp_path / "sender", lines, forward):
        wait_until(lambda: any((tmp_path / "sender").glob("imfile-state*")))
        with receiving(scene, Listen("127.0.0.1", port)):
            wait_until(lambda: _events(scene) == 500)
    # A batch that was cut off is sent again as a whole: a line may come twice, and none is lost.


def _events(scene: LogScene) -> int:
    files = (file.path for file in scene.folder.arrived() if file.source == GATEWAY)
    return len(
        {event for path in files for event in re.findall(rb"event (\d+)", path.read_bytes())}
    )


def test_configuration_deletes_nothing_and_names_no_shell(scene: LogScene) -> None:
    text = configuration(scene.folder, scene.data_dir / "tls", Listen())
    words = re.sub(r"^#.*$", "", text, flags=re.M)
    assert not re.search(r"outchannel|rotat|omprog|discard|rateLimit", words, re.I)
    assert "tls" not in words.lower()
    assert shutil.which("rsyslogd")
