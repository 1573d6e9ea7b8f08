"""SNMPv3, against recorded devices behind pysnmp's engine, and against net-snmp's own server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from probes.net import resolve
from probes.snmp.answer import Answer, Wanted, answer_from_json, wanted_as_json
from probes.snmp.device import AUTH, Device
from probes.snmp.exchange import Exchange, SilentError
from probes.snmp.poll import answer
from probes.snmp.user import UserSpeaker
from tests.fakes.snmpsim import await_bound, copy, free_port, served

DESCRIPTION = (1, 3, 6, 1, 2, 1, 1, 1, 0)
WANTED = Wanted({"descr": "1.3.6.1.2.1.1.1.0"}, {"ports": {"descr": "1.3.6.1.2.1.2.2.1.2"}})
RECORDING = "network/switch/ruijie-s5750-24gt12sfp"
CONTEXT = "ruijie"
AUTH_KEY, PRIVACY_KEY = "authentication-1", "privacy-number-2"
SIM_AUTH = {"MD5": "MD5", "SHA-1": "SHA", "SHA-224": "SHA224", "SHA-256": "SHA256",
            "SHA-384": "SHA384", "SHA-512": "SHA512"}  # fmt: skip
SIM_PRIVACY = {"DES": "DES", "AES-128": "AES", "AES-192": "AES192BLMT", "AES-256": "AES256BLMT",
               "AES-192-C": "AES192", "AES-256-C": "AES256"}  # fmt: skip
PAIRS = [(auth, "AES-128") for auth in AUTH] + [("SHA-256", name) for name in SIM_PRIVACY]
SNMPD = shutil.which("snmpd", path="/usr/sbin:/usr/bin")
SNMPD_USERS = [("SHA-1", "SHA", "AES-128"), ("SHA-256", "SHA-256", "AES-128"),
               ("SHA-512", "SHA-512", "DES")]  # fmt: skip


def user_of(auth: str, privacy: str) -> str:
    return f"u-{auth}-{privacy}".lower()


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("snmpsim")
    copy(RECORDING, folder, ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2"), CONTEXT)
    options = ["--v3-user=u-none-none", "--v3-user=u-only-auth", f"--v3-auth-key={AUTH_KEY}",
               "--v3-auth-proto=SHA256"]  # fmt: skip
    for auth, privacy in dict.fromkeys(PAIRS):
        options += [
            f"--v3-user={user_of(auth, privacy)}", f"--v3-auth-key={AUTH_KEY}",
            f"--v3-auth-proto={SIM_AUTH[auth]}", f"--v3-priv-key={PRIVACY_KEY}",
            f"--v3-priv-proto={SIM_PRIVACY[privacy]}",
        ]  # fmt: skip
    with served(folder, options) as port:
        yield port


def device(port: int, auth: str = "SHA-256", privacy: str = "AES-128", **more: Any) -> Device:
    secrets = {"auth_key": AUTH_KEY if auth else "", "privacy_key": PRIVACY_KEY if privacy else ""}
    row = {"name": "it", "host": "127.0.0.1", "port": port, "version": "3", "auth": auth,
           "user": user_of(auth, privacy), "privacy": privacy, "context": CONTEXT}  # fmt: skip
    return Device(**{**row, **secrets, **more})


async def ask(*devices: Device) -> list[Answer]:
    question = {
        "devices": [device.as_json() for device in devices], "wanted": wanted_as_json(WANTED),
        "timeout": 1.0, "tries": 2, "at_once": 8, "device_seconds": 20.0, "run_seconds": 30.0,
    }  # fmt: skip
    told = await asyncio.to_thread(answer, question)
    return [answer_from_json(data) for data in told.values()]


def assert_read(found: Answer) -> None:
    assert found.reason == ""
    assert b"Ruijie" in bytes(found.scalars["descr"])
    assert len(found.tables["ports"].rows) == 27
    assert found.boots is not None
    assert found.engine_time is not None


@pytest.mark.parametrize(("auth", "privacy"), dict.fromkeys(PAIRS))
async def test_every_algorithm_is_understood(sim: int, auth: str, privacy: str) -> None:
    (found,) = await ask(device(sim, auth, privacy))
    assert_read(found)


async def test_user_without_a_key_or_without_privacy_is_served(sim: int) -> None:
    bare = device(sim, "", "", user="u-none-none", name="a")
    signed = device(sim, privacy="", user="u-only-auth", name="b")
    for found in await ask(bare, signed):
        assert_read(found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auth_key": "another-key-1"}, "wrong_key"),
        ({"privacy_key": "another-key-1"}, "wrong_key"),
        ({"auth": "SHA-1"}, "wrong_key"),
        ({"user": "nobody"}, "unknown_user"),
        ({"privacy": "", "privacy_key": ""}, "unsupported_level"),
    ],
)
async def test_wrong_credentials_are_told_apart_and_others_are_read(
    sim: int, change: dict[str, str], reason: str
) -> None:
    base = device(sim)
    wrong = Device(**{**base.as_json(), "name": "wrong", **change})
    found, beside = await ask(wrong, base)
    assert found.reason == reason
    assert_read(beside)


async def test_engine_that_was_started_again_is_followed(sim: int) -> None:
    """Its time is no longer what we knew: it says so, signed, and the request is sent again."""
    speaker = UserSpeaker(device(sim))
    with Exchange(await resolve("127.0.0.1", sim), speaker, 2.0, 2) as talk:
        await talk.get([DESCRIPTION])
        known = speaker.boots
        assert known is not None
        speaker.boots = known - 1
        assert (await talk.get([DESCRIPTION])).error == 0
        assert speaker.boots == known


async def test_engine_whose_time_cannot_be_trusted_is_said_so(sim: int) -> None:
    speaker = UserSpeaker(device(sim))
    with Exchange(await resolve("127.0.0.1", sim), speaker, 2.0, 2) as talk:
        await talk.get([DESCRIPTION])
        # Whatever it teaches, the next request bears another time than its own.
        speaker._now = lambda: (7, 7)  # type: ignore[method-assign]
        with pytest.raises(SilentError) as caught:
            await talk.get([DESCRIPTION])
    assert caught.value.reason == "not_in_time"


async def test_changed_answer_is_not_believed(sim: int) -> None:
    """One bit on the way, and the signature is wrong."""
    speaker = UserSpeaker(device(sim))
    with Exchange(await resolve("127.0.0.1", sim), speaker, 0.3, 2) as talk:
        await talk.get([DESCRIPTION])
        talk.speaker = _Changed(speaker)
        with pytest.raises(SilentError) as caught:
            await talk.get([DESCRIPTION])
        assert caught.value.reason == "bad_answer"


async def test_answer_that_is_not_signed_is_not_believed(sim: int) -> None:
    """The engine answers a user without keys; we asked as one who has them."""
    bare, speaker = UserSpeaker(device(sim, "", "", user="u-none-none")), UserSpeaker(device(sim))
    with Exchange(await resolve("127.0.0.1", sim), speaker, 0.3, 2) as talk:
        await talk.get([DESCRIPTION])
        talk.speaker = _Mixed(bare, speaker)
        with pytest.raises(SilentError) as caught:
            await talk.get([DESCRIPTION])
        assert caught.value.reason == "bad_answer"


class _Changed:
    """Reads what came with its last bit changed."""

    boots: int | None = None
    engine_time: int | None = None
    silence = "no_answer"

    def __init__(self, speaker: UserSpeaker) -> None:
        self.pack = speaker.pack
        self._unpack = speaker.unpack

    def unpack(self, data: bytes) -> Any:
        return self._unpack(data[:-1] + bytes([data[-1] ^ 1]))


class _Mixed:
    """Asks as one user, and reads as another."""

    boots: int | None = None
    engine_time: int | None = None
    silence = "no_answer"

    def __init__(self, asks: UserSpeaker, reads: UserSpeaker) -> None:
        self._asks, self._reads = asks, reads

    def pack(self, pdu: Any) -> bytes:
        data = self._asks.pack(pdu)
        self._reads._message_id = self._asks._message_id
        return data

    def unpack(self, data: bytes) -> Any:
        try:
            return self._reads.unpack(data)
        finally:
            if self._asks._keys is None:
                self._asks.unpack(data)


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if SNMPD is None:
        pytest.skip("needs snmpd (apt install snmpd)")
    folder = tmp_path_factory.mktemp("snmpd")
    port = free_port()
    lines = [f"agentAddress udp:127.0.0.1:{port}", f"[snmp] persistentDir {folder / 'kept'}"]
    for auth, theirs, privacy in SNMPD_USERS:
        user = user_of(auth, privacy)
        cipher = privacy.partition("-")[0]
        lines += [f'createUser {user} {theirs} "{AUTH_KEY}" {cipher} "{PRIVACY_KEY}"',
                  f"rouser {user} priv"]  # fmt: skip
    (folder / "snmpd.conf").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [SNMPD, "-f", "-C", "-c", str(folder / "snmpd.conf"), "-Lf", str(folder / "log"),
         "-I", "-smux", "-p", str(folder / "pid")],
    )  # fmt: skip
    try:
        await_bound(port)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.server
@pytest.mark.parametrize(("auth", "_theirs", "privacy"), SNMPD_USERS)
async def test_net_snmp_is_understood(snmpd: int, auth: str, _theirs: str, privacy: str) -> None:
    (found,) = await ask(device(snmpd, auth, privacy, context=""))
    assert found.reason == ""
    assert b"Linux" in bytes(found.scalars["descr"])
    assert b"lo" in {row.get("descr") for row in found.tables["ports"].rows.values()}


@pytest.mark.server
async def test_wrong_key_at_net_snmp_is_told(snmpd: int) -> None:
    wrong = device(snmpd, "SHA-1", context="", name="a", auth_key="another-key-1")
    hidden = device(snmpd, "SHA-1", context="", name="b", privacy_key="another-key-1")
    nobody = device(snmpd, "SHA-1", context="", name="c", user="nobody")
    assert [a.reason for a in await ask(wrong, hidden, nobody)] == [
        "wrong_key", "wrong_privacy", "unknown_user",
    ]  # fmt: skip
