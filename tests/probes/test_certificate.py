from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from probes.certificate import BrokenCertificateError, not_after
from tests.lab.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def der(path: Path) -> bytes:
    pem = path.read_text("ascii")
    return ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT") :])


@pytest.mark.parametrize("days", [-4000, -1, 5, 365 * 60], ids=lambda n: f"{n} days")
def test_expiry_is_what_a_library_reads(days: int, authority: Authority) -> None:
    """60 years on the date has four digits of the year, until then two (RFC 5280 4.1.2.5)."""
    path = authority.issue("one", timedelta(days=-5000), timedelta(days=days), "a.test")
    known = x509.load_der_x509_certificate(der(path)).not_valid_after_utc
    assert not_after(der(path)) == known
    assert abs(known - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)


def test_authoritys_own_certificate_is_read_too(authority: Authority) -> None:
    known = x509.load_pem_x509_certificate(authority.file.read_bytes()).not_valid_after_utc
    assert not_after(der(authority.file)) == known


def test_no_prefix_of_a_certificate_is_read_past_its_end(authority: Authority) -> None:
    whole = der(authority.file)
    for length in range(len(whole)):
        with pytest.raises(BrokenCertificateError):
            not_after(whole[:length])


@given(st.binary(max_size=100))
def test_noise_is_a_broken_certificate(data: bytes) -> None:
    with pytest.raises(BrokenCertificateError):
        not_after(data)
