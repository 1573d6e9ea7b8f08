"""Documents handed in with signatures: kept in DATA_DIR/evidence, named by their SHA-256.

They are written once, durably, readable for the collector's user alone, and never run. The name
that a person gave is only a label; it never becomes a path.
"""

from __future__ import annotations

import hashlib
import re
import stat
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.attest.document import TYPE_NAMES, type_or_none
from config.durable import replace_file
from config.record_file import MEGABYTE
from probes.text import BanjunError, Text

FOLDER = "evidence"
MISSING, CHANGED = "missing", "changed"
LONGEST_NAME = 128
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


class EvidenceError(BanjunError):
    """A document that is not taken: its type, its size, or it cannot be read."""


class NoEvidenceError(BanjunError):
    """A document that was taken is not there any more, or is not what it was."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`type` is by content; `name` is what the person called it."""

    sha256: str
    size: int
    type: str
    name: str


class EvidenceShelf:
    """Thread-safe; several processes may use one folder."""

    def __init__(self, data_dir: Path, largest: int) -> None:
        """`largest`: bytes."""
        self._folder = data_dir / FOLDER
        self.largest = largest
        self._writing = threading.Lock()

    def put(self, content: bytes, name: str) -> Evidence:
        """Keep it; once this returns it survives a power cut. Raises EvidenceError."""
        label = label_of(name)
        if len(content) > self.largest:
            raise too_large(label, self.largest)
        found = type_or_none(content)
        if found is None:
            raise EvidenceError(
                Text(
                    f"{label}：按内容不是可接受的文件（{TYPE_NAMES.zh}；不收压缩包和含宏的文件）。"
                    "请另存为 PDF 再交。",
                    f"{label}: by its content this is none of {TYPE_NAMES.en}; archives and "
                    "documents with macros are not taken. Save it as PDF and hand that in.",
                )
            )
        sha256 = hashlib.sha256(content).hexdigest()
        with self._writing:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.fault(sha256, len(content)):
                replace_file(self._folder / sha256, content)
        return Evidence(sha256, len(content), found, label)

    def read(self, evidence: Evidence) -> bytes:
        """As it was handed in. Raises NoEvidenceError."""
        fault = self.fault(evidence.sha256, evidence.size)
        if fault:
            raise NoEvidenceError(fault_words(evidence, fault))
        return (self._folder / evidence.sha256).read_bytes()

    def fault(self, sha256: str, size: int) -> str:
        """MISSING, CHANGED, or empty when it is there as it was; reads all of it."""
        if not _SHA256.fullmatch(sha256):
            return MISSING
        path = self._folder / sha256
        try:
            with path.open("rb") as file:
                digest = hashlib.sha256()
                while block := file.read(_BLOCK):
                    digest.update(block)
                length = file.tell()
        except OSError:
            return MISSING
        return "" if (digest.hexdigest(), length) == (sha256, size) else CHANGED

    def sizes(self) -> Mapping[str, int]:
        """By hash, what is there now; cheap."""
        try:
            found = [(path.name, path.lstat()) for path in self._folder.iterdir()]
        except FileNotFoundError:
            return {}
        return {
            name: facts.st_size
            for name, facts in found
            if _SHA256.fullmatch(name) and stat.S_ISREG(facts.st_mode)
        }


def read_document(path: Path, largest: int) -> bytes:
    """What a command was given with --file. Raises EvidenceError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise EvidenceError(
                Text(f"{path} 不是普通文件。", f"{path} is no regular file; name a document.")
            )
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as exc:
        raise EvidenceError(
            Text(
                f"读不到 {path}：{exc.strerror}。请核对路径和权限。",
                f"Cannot read {path}: {exc.strerror}. Check its path and permissions.",
            )
        ) from exc
    if len(content) > largest:
        raise too_large(path.name, largest)
    return content


def label_of(name: str) -> str:
    """The last part of a path, of either system, without what is not printed."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(c for c in last if c.isprintable()).strip()
    return plain[-LONGEST_NAME:] if plain.strip(".") else "evidence"


def too_large(name: str, largest: int) -> EvidenceError:
    most = f"{largest / MEGABYTE:g} MB"
    return EvidenceError(
        Text(
            f"{name} 超过 {most} 的上限。请压缩图片或拆分后再交；上限见 records.toml。",
            f"{name} is larger than {most}. Shrink its images or split it; the limit stands in "
            "records.toml.",
        )
    )


def fault_words(evidence: Evidence, fault: str) -> Text:
    if fault == MISSING:
        return Text(
            f"附件 {evidence.name}（{evidence.sha256[:12]}…）不在 evidence 文件夹中；"
            "请从备份恢复。",
            f"The document {evidence.name} ({evidence.sha256[:12]}…) is not in the folder "
            "`evidence`; restore it from a backup.",
        )
    return Text(
        f"附件 {evidence.name}（{evidence.sha256[:12]}…）与签署时不同；请从备份恢复。",
        f"The document {evidence.name} ({evidence.sha256[:12]}…) is not what was handed in; "
        "restore it from a backup.",
    )
