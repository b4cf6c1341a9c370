"""Press releases as PDF and Word files: their text, within limits, from bytes that nobody vouches for.

pypdf and python-docx are given no network, no password but the empty one, and run in the pool's workers, whose
deadline and memory bound what these limits do not foresee.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processing.errors import Quarantine

MAX_PAGES = 60  # of a PDF that are read; a press release has one or two
MAX_UNPACKED = 30 << 20  # bytes of a Word file's parts once unpacked
MAX_PARTS = 2000
MAX_TEXT = 500_000  # characters
_WORD = "word/document.xml"
_SENTENCE_END = re.compile(r"[.!?…:;][»”\"')\]]*$")

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it logs what files contain


@dataclass(frozen=True)
class Paper:
    """What a file says: its own title if it has one, its text, and the moment its author's program noted."""

    title: str | None
    text: str
    created: datetime | None


def is_paper(body: bytes) -> bool:
    """Whether the bytes are a PDF or a Word file, whatever their content type says."""
    return b"%PDF-" in body[:1024] or _is_word(body)


def read_paper(body: bytes) -> Paper:
    """The text of a PDF or Word file; empty if it has none. Raises Quarantine for one that is hostile or broken."""
    try:
        return _word(body) if _is_word(body) else _pdf(body)
    except (Quarantine, MemoryError):
        raise
    except Exception as error:  # the two libraries raise whatever a broken file makes them stumble over
        raise Quarantine(f"broken_file:{type(error).__name__}") from error


def _is_word(body: bytes) -> bool:
    return body.startswith(b"PK\x03\x04") and (_WORD.encode() in body or b"[Content_Types].xml" in body[:2000])


def _pdf(body: bytes) -> Paper:
    from pypdf import PdfReader  # only few pages are papers

    reader = PdfReader(io.BytesIO(body), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Quarantine("encrypted_file")
    parts: list[str] = []
    for page in reader.pages[:MAX_PAGES]:
        parts.append(page.extract_text() or "")
        if sum(map(len, parts)) > MAX_TEXT:
            raise Quarantine("too_much_text")
    facts = reader.metadata
    return Paper(_line(facts.title) if facts else None, _unwrapped("\n".join(parts)), _aware(facts, "creation_date"))


def _word(body: bytes) -> Paper:
    import docx
    from docx.table import Table

    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        parts = packed.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise Quarantine("unpacks_to_too_much")
        if any(b"<!DOCTYPE" in packed.read(part)[:4096] for part in parts if part.filename.endswith((".xml", ".rels"))):
            raise Quarantine("entities")  # Word writes none
    document = docx.Document(io.BytesIO(body))
    rows: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            rows += ["\t".join(dict.fromkeys(cell.text for cell in row.cells)) for row in block.rows]
        else:
            rows.append(block.text)
    text = "\n".join(row.strip() for row in rows if row.strip())
    if len(text) > MAX_TEXT:
        raise Quarantine("too_much_text")
    facts = document.core_properties
    return Paper(_line(facts.title), text, _aware(facts, "created"))


def _aware(facts: Any, name: str) -> datetime | None:
    try:
        moment = getattr(facts, name, None)
    except (ValueError, TypeError):
        return None
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(text: object) -> str | None:
    return " ".join(str(text or "").split())[:300] or None


def _unwrapped(text: str) -> str:
    """Paragraphs again: a PDF has lines, and a sentence cut in two is read by nobody."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    full = max((len(line) for line in lines), default=0) * 0.6
    joined: list[str] = []
    last = ""  # the line before, as it stood
    for line in lines:
        goes_on = bool(last) and not _SENTENCE_END.search(last) and (line[0].islower() or len(last) > full)
        if goes_on and last.endswith("-") and line[0].islower():
            joined[-1] = joined[-1][:-1] + line
        elif goes_on:
            joined[-1] += " " + line
        else:
            joined.append(line)
        last = line
    return "\n".join(joined)
