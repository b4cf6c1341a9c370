"""The ledger from the lake alone: the same rows, and nobody is alerted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from processing.alert.outbox import Outbox, drain
from processing.errors import ConfigError
from processing.ledger import Ledger, reading
from processing.ledger.rebuild import rebuild
from processing.ledger.schema import ClaimLink, Disclosure, DisclosureBlock
from processing.models import Claim, Detection, Document, Novelty
from tests.alert.delivering import Clock, Provider
from tests.resolve.making import T0, claim, config, document, resolve

if TYPE_CHECKING:
    from processing.lake.tables import Lake

PSKOV: dict[str, Any] = {"origin_region": "RU-PSK", "place_region": "RU-BEL"}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    found = Ledger.open("sqlite://")
    yield found
    found.engine.dispose()


def trust(source: str) -> tuple[bool, str]:
    """The governor is the only official."""
    return (True, "B2") if source == "governor" else (False, "C3")


def run(ledger: Ledger, lake: Lake) -> None:
    """Four documents through resolving and into the lake, as the pipeline does."""
    said: list[tuple[Document, list[Claim]]] = [
        (
            document("governor"),
            [
                claim("killed", 14, None, "at_least", speaker="Дубровин", **PSKOV),
                claim("captured", 10, **PSKOV),
            ],
        ),
        (document("outlet", 2), [claim("killed", 14, speaker="Dubrovin", **PSKOV)]),
        (
            document("governor", 30, version=2, first_seen_at=T0 + timedelta(hours=30)),
            [claim("killed", 16, speaker="Дубровин", cues=("rise",), **PSKOV)],
        ),
        (document("elsewhere", 3), [claim("wounded", 3, place_region="UA-07")]),
    ]
    for doc, claims in said:
        ledger.document_version(doc.doc_id, doc.digest, doc.source, doc.page_id, doc.first_seen_at)
        official, grade = trust(doc.source)
        resolve(ledger, doc, *claims, official=official, grade=grade)
        detection = Detection(id=doc.doc_id, lang="en", disclosure=True, claims=tuple(claims))
        lake.write_claims([(doc, detection)], "test-1")
    lake.write_documents([doc for doc, _ in said])
    clock = Clock()
    clock.now = T0 + timedelta(hours=31)
    drain(Outbox(ledger.engine, clock, config()), {"slack": Provider()})  # the mail stays pending
    lake.write_disclosures(ledger.unmirrored_disclosures())
    lake.write_deliveries(ledger.unmirrored_deliveries())


def dump(ledger: Ledger) -> dict[str, Any]:
    """What matters of the ledger's rows."""
    with reading(ledger.engine) as session:
        rows = session.scalars(select(Disclosure).order_by(Disclosure.disclosure_id)).all()
        links = session.scalars(select(ClaimLink).order_by(ClaimLink.claim_id)).all()
        blocks = session.scalars(select(DisclosureBlock).order_by(DisclosureBlock.block)).all()
        return {
            "disclosures": [
                (r.disclosure_id, r.version, r.state, r.last_published_at, r.profile) for r in rows
            ],
            "links": [(x.claim_id, x.disclosure_id, x.version, x.novelty, x.independence_key) for x in links],
            "blocks": [(b.block, b.disclosure_id, b.first_published_at, b.event_start) for b in blocks],
        }


def test_rebuilt_ledger_is_the_same_and_alerts_nobody(ledger: Ledger, lake: Lake) -> None:
    """Rows come out as they were; what was pending waits for a person; a repeat is known as one."""
    run(ledger, lake)
    anew = Ledger.open("sqlite://")
    counts = rebuild(anew, lake, trust=trust)
    assert (counts["disclosures"], counts["documents"], counts["incomplete"], counts["differing"]) == (
        2,
        4,
        0,
        0,
    )
    assert dump(anew) == dump(ledger)
    assert anew.latest_records() == ledger.latest_records()
    before = {d.key: d.state for d in ledger.deliveries()}
    after = {d.key: d.state for d in anew.deliveries()}
    assert after == {key: "held" if state == "pending" else state for key, state in before.items()}
    assert "pending" in before.values()
    (repeat,) = resolve(anew, document("late", 32), claim("killed", 16, speaker="Dubrovin", **PSKOV))
    assert (repeat.novelty, repeat.queued) == (Novelty.REPEAT, 0)
    with pytest.raises(ConfigError, match="pass --yes"):
        rebuild(anew, lake, trust=trust)
    assert rebuild(anew, lake, replace=True, trust=trust) == counts
    anew.engine.dispose()


def test_two_that_mirror_at_once_leave_the_lake_right(ledger: Ledger, lake: Lake) -> None:
    """One reads a delivery as pending and is slow; it is sent and mirrored meanwhile. It stays sent."""
    run(ledger, lake)
    ledger.mark_deliveries_mirrored(ledger.unmirrored_deliveries())
    clock = Clock()
    clock.now = T0 + timedelta(hours=32)
    outbox = Outbox(ledger.engine, clock, config())
    job, *_ = outbox.claim_due(1, "me")
    stale = ledger.unmirrored_deliveries()
    drain(outbox, {"email": Provider(), "slack": Provider()})
    outbox.mark_sent(job, "<1@x>")
    for seen in (ledger.unmirrored_deliveries(), stale):
        lake.write_deliveries(seen)
        ledger.mark_deliveries_mirrored(seen)
    assert ledger.unmirrored_deliveries() == []
    wanted = {row.key: row for row in ledger.deliveries()}
    assert {row.key: row for row in lake.read_deliveries()} == wanted
    rebuild(ledger, lake, replace=True, trust=trust)
    assert {row.key: (row.state, row.revision) for row in ledger.deliveries()} == {
        key: (row.state, row.revision) for key, row in wanted.items()
    }
    assert ledger.deliveries("held") == []


def test_what_changes_while_it_is_mirrored_is_mirrored_again(ledger: Ledger, lake: Lake) -> None:
    """Also where state, attempts and due are as they were."""
    run(ledger, lake)
    seen = ledger.unmirrored_deliveries()
    clock = Clock()
    clock.now = T0 + timedelta(hours=32)
    outbox = Outbox(ledger.engine, clock, config())
    owed = next(row for row in seen if row.state == "pending")
    lake.write_deliveries(seen)
    (job,) = outbox.claim_due(1, "me")
    outbox.pause(job, "gone")
    ledger.mark_deliveries_mirrored(seen)
    (again,) = ledger.unmirrored_deliveries()
    assert (again.key, again.state, again.last_error) == (owed.key, "pending", "gone")
    assert lake.write_deliveries([again]) == 1


def test_a_rebuilt_delivery_goes_on_counting(ledger: Ledger, lake: Lake) -> None:
    """What happens after a rebuild is newer than what the lake holds."""
    run(ledger, lake)
    rebuild(ledger, lake, replace=True, trust=trust)
    held = ledger.deliveries("held")
    assert {row.key for row in ledger.unmirrored_deliveries()} == {row.key for row in held}
    assert lake.write_deliveries(ledger.unmirrored_deliveries()) == len(held) > 0
