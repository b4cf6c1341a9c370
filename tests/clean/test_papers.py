"""Press releases as PDF and Word files, and files that only pretend to be."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from processing.clean import Cleaned, CleanPool, clean_page
from processing.clean.papers import MAX_UNPACKED
from processing.models import Precision
from scrapers.handover import Disposition
from tests.clean.pages import RU, SOURCE, page_line, response

PDF = (Path(__file__).parent / "papers" / "press.pdf").read_bytes()


def clean(body: bytes, **line: object) -> Cleaned:
    return clean_page(response(body, ("Content-Type", "application/octet-stream")), page_line(**line), SOURCE)


def word(*paragraphs: str, table: tuple[str, ...] = ()) -> bytes:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        row = document.add_table(1, len(table)).rows[0]
        for cell, text in zip(row.cells, table, strict=True):
            cell.text = text
    document.core_properties.title = "Сводка"
    document.core_properties.created = datetime(2025, 3, 4, 9, 30)  # noqa: DTZ001 Word files have no zone
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_a_pdf_gives_whole_sentences() -> None:
    """Lines are joined to the paragraphs they were; the day is that of the file, the headline the link's."""
    cleaned = clean(PDF, hint_title="Пресс-релиз о ночном ударе")
    assert cleaned.disposition is Disposition.DOCUMENT_NEW, cleaned
    (text,) = cleaned.texts
    assert "удара по посёлку Заречный погибли двое мирных жителей, ещё пятеро доставлены" in text.text
    assert text.text.count("\n") <= 6
    assert (text.title, text.lang) == ("Пресс-релиз о ночном ударе", "ru")
    assert (text.published_at, text.precision) == (datetime(2025, 3, 4, tzinfo=UTC), Precision.DAY)


def test_a_word_file_gives_paragraphs_and_tables() -> None:
    """Text outside and inside tables is there, in the file's order."""
    cleaned = clean(word(*RU, table=("Погибли", "14")), hint_title=None)
    (text,) = cleaned.texts
    assert text.text.split("\n") == [*RU, "Погибли\t14"]
    assert (text.title, text.published_at) == ("Сводка", datetime(2025, 3, 4, tzinfo=UTC))


def _encrypted() -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(PDF)))
    writer.encrypt("a password", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _repacked(change: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word(*RU))) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *change}:
            new.writestr(name, change.get(name) or old.read(name))
    return file.getvalue()


_ENTITIES = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><d>&b;</d>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (_encrypted(), "encrypted_file"),
        (_repacked({"word/media/bomb.bin": bytes(MAX_UNPACKED + 1)}), "unpacks_to_too_much"),
        (_repacked({"word/document.xml": _ENTITIES}), "entities"),
        (b"PK\x03\x04" + b"\0" * 100 + b"word/document.xml", "broken_file:BadZipFile"),
        (PDF[:200], "broken_file:"),
        (b"%PDF-1.4\n" + b"\xff" * 5000, "broken_file:"),
    ],
)  # fmt: skip
def test_hostile_files_are_quarantined(body: bytes, reason: str) -> None:
    """Locked, exploding and broken files end in quarantine with a reason, never in an exception."""
    cleaned = clean(body)
    assert cleaned.disposition is Disposition.QUARANTINED
    assert (cleaned.reason or "").startswith(reason)


def test_a_file_without_a_text_layer_is_no_text() -> None:
    """A scan has nothing to read; it is told apart from a broken file."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    file = io.BytesIO()
    writer.write(file)
    assert clean(file.getvalue()) == Cleaned(Disposition.NO_TEXT, "no_text_layer")


def test_a_pdf_bomb_costs_its_deadline_only() -> None:
    """A stream of a few kilobytes that unpacks to gigabytes is stopped, and the next page is cleaned."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    stream = b"".join([*(packer.compress(block) for _ in range(3000)), packer.flush()])
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
    ]  # fmt: skip
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, o) for n, o in enumerate(objects, 1))
    body += b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"
    jobs = [(response(data), page_line(), SOURCE) for data in (body, PDF)]
    with CleanPool(1, deadline=5, memory=2 << 30) as pool:
        bomb, good = pool.clean_many(jobs)
    assert bomb.disposition is Disposition.QUARANTINED
    assert good.disposition is Disposition.DOCUMENT_NEW
