"""The demo's texts say what they are for: the detector must find that, and nothing else, in each of them."""

from __future__ import annotations

import functools
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processing.detect import detect
from processing.embedded.demo_web import DemoWeb, Published
from processing.models import Claim, DetectInput, Status
from scrapers.registry import load_registry

HOME = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


@functools.cache
def published() -> dict[str, tuple[str, Published]]:
    """Every article and post of the last stage, by a readable name: source id and text."""
    web = DemoWeb(Path(tempfile.mkdtemp(prefix="vigil-demo-")), "http://127.0.0.1:1", lambda: NOW, stage=2)
    found = {}
    for site in web.script.sites:
        found.update({f"{site.id}/{p.story.slug}": (f"demo-{site.id}", p) for p in web.published(site.id)})
    found.update({f"post/{p.number}": ("demo-governor", p) for p in web.published()})
    return found


@pytest.mark.parametrize("name", sorted(published()))
def test_the_text_yields_the_claims_a_reader_notes(name: str) -> None:
    """Measures, qualifiers and numbers of `expect`; noise yields no claim that could alert."""
    source_id, page = published()[name]
    source = load_registry(HOME / "config" / "demo")[source_id]
    text = "\n".join(page.paragraphs) if page.story.site else page.text
    text = f"{page.lead}\n{text}" if page.lead else text
    found = detect(
        DetectInput(
            id=name, text=text, title=page.title or None, published=page.published, source=source_id,
            source_name=source.name, source_region=source.region,
            source_person=source.official.person if source.official else None,
            source_office=source.official.office if source.official else None, source_official=bool(source.official),
        )
    )
    assert sorted({_short(claim) for claim in found.claims if _reported(claim)}) == sorted(page.story.expect)


def _reported(claim: Claim) -> bool:
    """Own claims, and the exchanged of the captured."""
    return claim.status is Status.OWN or (claim.status is Status.SUBSET and claim.measure == "exchanged")


def _short(claim: Claim) -> str:
    return f"{claim.measure} {claim.qualifier} {claim.min if claim.min is not None else claim.max}"
