"""Documents: known by content, named by hash, kept durably, never where a name wants them."""

from __future__ import annotations

import hashlib
import stat
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.attest.document import TYPES, type_or_none
from collector.attest.evidence import (
    EvidenceError,
    EvidenceShelf,
    NoEvidenceError,
    label_of,
    read_document,
)

from .office import PDF, archive

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + b"\x00" * 17
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
DOCX = archive("[Content_Types].xml", "word/document.xml")


@pytest.fixture
def shelf(tmp_path: Path) -> EvidenceShelf:
    return EvidenceShelf(tmp_path, 100_000)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PDF, "pdf"),
        (PNG, "png"),
        (JPEG, "jpeg"),
        (DOCX, "docx"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (archive("OFD.xml", "Doc_0/Document.xml"), "ofd"),
        ("培训签到：张三\n".encode(), "txt"),
        ("培训签到：张三\r\n".encode("gb18030"), "txt"),
        ("\ufeff有字节序标记".encode(), "txt"),
    ],
)
def test_type_is_known_by_content(content: bytes, found: str) -> None:
    assert type_or_none(content) == found
    assert found in TYPES


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00\x03",
        b"\x7fELF\x02\x01\x01\x00",
        archive("readme.txt"),
        archive("word/document.xml"),  # without the list of types
        archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        archive("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"),
        b"MZ" + DOCX,  # a program with a document behind it
        DOCX[:-30],
        b"PK\x03\x04 no archive",
        b"Rar!\x1a\x07\x00",
        b"GIF89a\x01\x00",
        b"\x1b[2J a terminal would obey",
        "二进制".encode("utf-16"),
        b"   %PDF-1.7 too late" + b"\x00",
    ],
)
def test_anything_else_is_refused(shelf: EvidenceShelf, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"innocent\.pdf: by its content"):
        shelf.put(content, "innocent.pdf")
    assert not (tmp_path / "evidence").exists()


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-", b"\xff\xd8\xff"]))
def test_no_bytes_upset_it(content: bytes, beginning: bytes) -> None:
    assert type_or_none(beginning + content) in {None, *TYPES}


def test_document_is_kept_under_its_hash_for_the_owner_alone(
    shelf: EvidenceShelf, tmp_path: Path
) -> None:
    kept = shelf.put(PDF, "演练.pdf")
    [file] = (tmp_path / "evidence").iterdir()
    assert file.name == kept.sha256 == hashlib.sha256(PDF).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert shelf.read(kept) == PDF


def test_document_that_is_too_large_is_refused_with_the_limit(shelf: EvidenceShelf) -> None:
    shelf.put(PDF.ljust(100_000), "just.pdf")
    with pytest.raises(EvidenceError, match=r"big\.pdf is larger than 0\.1 MB"):
        shelf.put(PDF.ljust(100_001), "big.pdf")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\演练.pdf", "演练.pdf"),
        ("/", "evidence"),
        ("..", "evidence"),
        ("", "evidence"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("fdp\u202e.exe", "fdp.exe"),
        ("长" * 300 + ".pdf", "长" * 124 + ".pdf"),
    ],
)
def test_name_is_only_ever_a_label(
    shelf: EvidenceShelf, tmp_path: Path, name: str, label: str
) -> None:
    assert shelf.put(PDF, name).name == label
    assert [path.name for path in tmp_path.iterdir()] == ["evidence"]
    assert len(list((tmp_path / "evidence").iterdir())) == 1


@settings(deadline=None)
@given(st.text())
def test_no_name_makes_a_path(name: str) -> None:
    label = label_of(name)
    assert label.isprintable()
    assert not {"/", "\\"} & set(label)
    assert label.strip(".")


def test_same_document_many_times_at_once_is_one_whole_file(
    shelf: EvidenceShelf, tmp_path: Path
) -> None:
    content = PDF.ljust(90_000)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda n: shelf.put(content, f"{n}.pdf"), range(16)))
    assert len({one.sha256 for one in kept}) == 1
    [file] = (tmp_path / "evidence").iterdir()
    assert file.read_bytes() == content


def test_handing_in_again_mends_a_file_that_was_changed(
    shelf: EvidenceShelf, tmp_path: Path
) -> None:
    kept = shelf.put(PDF, "a.pdf")
    (tmp_path / "evidence" / kept.sha256).write_bytes(b"other")
    with pytest.raises(NoEvidenceError, match="not what was handed in"):
        shelf.read(kept)
    shelf.put(PDF, "a.pdf")
    assert shelf.read(kept) == PDF


def test_command_reads_only_regular_files_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"x" * 11)
    with pytest.raises(EvidenceError, match=r"long\.txt is larger"):
        read_document(tmp_path / "long.txt", 10)
    with pytest.raises(EvidenceError, match="no regular file"):
        read_document(tmp_path, 10)
    with pytest.raises(EvidenceError, match="Cannot read"):
        read_document(tmp_path / "nothing", 10)
