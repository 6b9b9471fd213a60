"""What is taken in: PDF and DOCX, told apart by their content and never by what they are called."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from mdraft.text import storable

__all__ = ["DOCX", "PDF", "Document", "DocumentError", "read_document"]

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UNPACKED_LIMIT = 200 * 1024 * 1024
"""A DOCX is a ZIP archive; one that unpacks to more than this is a bomb, or as good as one."""


class DocumentError(ValueError):
    """A sentence for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Document:
    filename: str
    mime: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_document(filename: str | None, content: bytes) -> Document:
    """The document that was sent.

    Raises:
        DocumentError: it is empty, or neither PDF nor DOCX.
    """
    if not content:
        raise DocumentError("The file is empty.")
    mime = _kind(content)
    if mime is None:
        raise DocumentError("Only PDF and DOCX files can be converted; this is neither.")
    return Document(_bare(filename or ""), mime, content)


def _kind(content: bytes) -> str | None:
    # The header may stand anywhere within the first 1024 bytes (ISO 32000-1, Annex H, note 13).
    if b"%PDF-" in content[:1024]:
        return PDF
    if content.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            return None
        if sum(member.file_size for member in members) > UNPACKED_LIMIT:
            raise DocumentError("The file unpacks to more than can be converted.")
        if {"[Content_Types].xml", "word/document.xml"} <= {member.filename for member in members}:
            return DOCX
    return None


def _bare(filename: str) -> str:
    """The name without folders, at most 255 characters, its ending kept."""
    name = storable(filename).replace("\\", "/").replace("\n", " ").replace("\t", " ").rsplit("/", 1)[-1].strip()
    if len(name) > 255:
        ending = PurePosixPath(name).suffix[:16]
        name = name[: 255 - len(ending)] + ending
    return name or "document"
