from __future__ import annotations

import stat
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import collector.tls.folder
from collector.tls.authority import may_sign_for, permitted, pin_of
from collector.tls.folder import TlsError, TlsFolder
from collector.tls.names import HostNameError, checked, names_of_this_machine, public
from config.durable import replace_file
from tests.fakes.papers import NOW

NAMES = checked(["banjun.example.edu.cn", "192.0.2.10"])
YEAR = timedelta(days=365)


@pytest.fixture
def folder(tmp_path: Path) -> TlsFolder:
    made = TlsFolder(tmp_path)
    made.make(NAMES, NOW)
    return made


def content(folder: TlsFolder) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.folder.iterdir())]


def authority(folder: TlsFolder) -> x509.Certificate:
    return x509.load_pem_x509_certificate(folder.authority.read_bytes())


def test_what_is_made_is_what_openssl_accepts(folder: TlsFolder) -> None:
    for name in ("-verify_hostname=banjun.example.edu.cn", "-verify_ip=192.0.2.10"):
        option, _, value = name.partition("=")
        verified = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile",
             str(folder.authority), option, value, str(folder.server)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert verified.returncode == 0, verified.stderr


def test_only_the_owner_reads_what_is_made(folder: TlsFolder) -> None:
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.folder.iterdir()} == {0o600}


def test_making_again_changes_nothing(folder: TlsFolder) -> None:
    before = content(folder)
    folder.make(["other.example.edu.cn"], NOW + YEAR)
    assert content(folder) == before


def test_renewal_makes_another_certificate_for_the_same_pin_and_names(folder: TlsFolder) -> None:
    before, server = folder.facts(), folder.server.read_bytes()
    folder.renew(NOW + timedelta(days=1))
    after = folder.facts()
    assert folder.server.read_bytes() != server
    assert (after.pin, after.names) == (before.pin, before.names)
    assert after.until == before.until + timedelta(days=1)


def test_renewal_is_due_at_two_thirds(folder: TlsFolder) -> None:
    assert not folder.is_due(NOW + 0.6 * YEAR)
    assert folder.is_due(NOW + 0.7 * YEAR)


def test_authority_signs_for_its_collector_alone(folder: TlsFolder) -> None:
    assert permitted(authority(folder)) == NAMES
    assert not may_sign_for(authority(folder), ["www.example.com"])
    assert not may_sign_for(authority(folder), ["198.51.100.1"])


def test_new_name_widens_the_authority_and_keeps_its_pin(folder: TlsFolder) -> None:
    pin = folder.facts().pin
    folder.renew(NOW, checked(["new.example.edu.cn"]))
    assert folder.facts().pin == pin
    assert folder.facts().names[0] == "new.example.edu.cn"
    assert may_sign_for(authority(folder), ["new.example.edu.cn", "banjun.example.edu.cn"])


def test_authority_is_made_anew_before_it_expires(folder: TlsFolder) -> None:
    pin, until = folder.facts().pin, folder.facts().authority_until
    folder.renew(NOW + 14 * YEAR)
    assert folder.facts().pin == pin
    assert folder.facts().authority_until > until


def test_successor_has_another_pin_and_the_old_key_is_gone(folder: TlsFolder) -> None:
    pin, key = folder.facts().pin, folder.key.read_text()
    folder.succeed(NOW)
    assert folder.facts().pin != pin
    assert key.split("-----")[2] not in folder.key.read_text()


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("made", [False, True], ids=["make", "succeed"])
def test_crash_between_two_files_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: bool, after: int
) -> None:
    written: list[Path] = []

    def power_cut(path: Path, content: bytes) -> None:
        if len(written) == after:
            raise InterruptedError
        written.append(path)
        replace_file(path, content)

    folder = TlsFolder(tmp_path)
    if made:
        folder.make(NAMES, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(collector.tls.folder, "replace_file", power_cut)
        with pytest.raises(InterruptedError):
            folder.succeed(NOW) if made else folder.make(NAMES, NOW)
    folder.make(NAMES, NOW)
    assert folder.facts().names == NAMES
    assert pin_of(authority(folder)) == folder.facts().pin
    folder.renew(NOW)


@pytest.mark.parametrize("damage", ["", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_damaged_file_is_named(folder: TlsFolder, damage: str) -> None:
    folder.key.write_text(damage)
    with pytest.raises(TlsError, match=r"authority\.key"):
        folder.renew(NOW)


def test_key_of_another_authority_is_found_out(folder: TlsFolder, tmp_path: Path) -> None:
    other = TlsFolder(tmp_path / "other")
    other.make(NAMES, NOW)
    key = other.key.read_text().partition("-----BEGIN CERT")[0]
    folder.key.write_text(key + folder.authority.read_text())
    with pytest.raises(TlsError, match="belong together"):
        folder.renew(NOW)


# Names


def test_this_machine_has_a_name_that_others_can_use() -> None:
    names = names_of_this_machine()
    assert names[-3:] == ["localhost", "127.0.0.1", "::1"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("given_name", "written"),
    [
        ("Banjun.Example.EDU.cn.", "banjun.example.edu.cn"),
        ("班均.example.cn", "xn--zesp08d.example.cn"),
        ("[2001:DB8::0001]", "2001:db8::1"),
        (" 192.0.2.10 ", "192.0.2.10"),
    ],
)
def test_name_is_written_as_certificates_have_it(given_name: str, written: str) -> None:
    assert checked([given_name])[0] == written


@pytest.mark.parametrize("name", ["", "a b", "host:8421", "https://host", "*.cn", "-a", "x" * 64])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(HostNameError, match="no host name"):
        checked([name])


@given(st.text(max_size=8))
def test_any_text_is_a_name_or_refused(name: str) -> None:
    with suppress(HostNameError):
        assert checked([name])[0].isascii()


def test_agents_are_told_the_first_name_that_is_not_loopback() -> None:
    assert public(checked(["127.0.0.1", "b.cn", "a.cn"])) == "b.cn"
    assert public(checked(["localhost"])) == ""
