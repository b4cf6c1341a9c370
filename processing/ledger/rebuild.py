"""The ledger made anew from the lake alone: the same disclosures and deliveries, and nobody is alerted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from processing.config import Settings
from processing.errors import ConfigError
from processing.lake.rows import claim_of
from processing.lake.schemas import CLAIMS
from processing.lake.tables import Lake, among
from processing.ledger.engine import reading, writing
from processing.ledger.schema import (
    Batch,
    ClaimLink,
    Delivery,
    Disclosure,
    DisclosureBlock,
    DisclosureVersion,
    DocumentVersion,
    Resolved,
)
from processing.ledger.store import DeliveryRow, Ledger
from processing.models import Claim, Detection, DisclosureRecord, Document, MeasureState
from processing.resolve.intake import take_account, take_in
from processing.resolve.mention import Mention, mentions
from processing.resolve.profile import Profile
from processing.resolve.record import measure_states
from processing.resolve.resolver import QUIET
from processing.resolve.rows import put_disclosure, put_links
from scrapers.registry import load_registry

_REBUILT = (
    Batch, ClaimLink, Delivery, DisclosureBlock, Disclosure, DisclosureVersion, DocumentVersion, Resolved,
)
_CHUNK = 2000

Trust = Callable[[str], tuple[bool, str]]  # source -> (an official's own channel, Admiralty grade)
_DocKey = tuple[str, int, str]  # doc_id, version, detector_version


@dataclass
class _Sources:
    """What the disclosures rest on, from the lake."""

    where: dict[str, _DocKey]  # claim_id -> the document that made it
    claims: dict[_DocKey, tuple[Claim, ...]]
    documents: dict[tuple[str, int], Document] = field(default_factory=dict)


def rebuild(ledger: Ledger, lake: Lake, replace: bool = False, trust: Trust | None = None) -> dict[str, int]:
    """Fill the ledger from `documents`, `claims`, `disclosures` and `deliveries`. Returns rows by kind.

    Silences are left as they are. What was pending is held for review, since it may have been sent after it
    was last mirrored. Finished batches are forgotten: the next run looks at all pages again and knows them.
    `incomplete` counts disclosures of which documents or claims are missing, `differing` those whose figures
    do not come out as recorded. Raises ConfigError if the ledger is not empty and `replace` is not set.
    """
    trust = trust or _registry_trust()
    _refuse_filled(ledger, replace)
    versions: dict[str, list[DisclosureRecord]] = defaultdict(list)
    for record in sorted(lake.read_disclosures(), key=lambda r: (r.disclosure_id, r.version)):
        versions[record.disclosure_id].append(record)
    deliveries = lake.read_deliveries()
    sources = _sources(lake, {claim for records in versions.values() for claim in records[-1].claim_ids})
    counts: Counter[str] = Counter(disclosures=len(versions), deliveries=len(deliveries))
    with writing(ledger.engine) as session:
        for table in _REBUILT:
            session.execute(delete(table))
        counts["documents"] = _put_documents(session, lake.all_documents(), sources)
        told = _put_deliveries(session, deliveries)
        for records in versions.values():
            counts += _put_disclosure(session, records, sources, trust, told)
    names = ("documents", "claims", "disclosures", "versions", "deliveries", "incomplete", "differing")
    return {name: counts[name] for name in names}


def _refuse_filled(ledger: Ledger, replace: bool) -> None:
    with reading(ledger.engine) as session:
        known = session.scalar(select(func.count()).select_from(Disclosure)) or 0
    if known and not replace:
        raise ConfigError(f"the ledger holds {known} disclosures; pass --yes to replace them from the lake")


def _registry_trust() -> Trust:
    """Officialness and grade as the registry has them now; a source that has left it counts as unknown."""
    registry = load_registry(Settings.from_env().sources_dir)

    def trust(source_id: str) -> tuple[bool, str]:
        source = registry.sources.get(source_id)
        return (source.official is not None, source.grade) if source else (False, "F6")

    return trust


def _sources(lake: Lake, wanted: set[str]) -> _Sources:
    columns = ["claim_id", "doc_id", "doc_version", "detector_version"]
    where = {
        row["claim_id"]: (row["doc_id"], row["doc_version"], row["detector_version"])
        for row in lake.read(CLAIMS, None, columns) if row["claim_id"] in wanted
    }
    found: dict[_DocKey, list[tuple[int, Claim]]] = defaultdict(list)
    for row in lake.read(CLAIMS, among("doc_id", {key[0] for key in where.values()})):
        key = (row["doc_id"], row["doc_version"], row["detector_version"])
        found[key].append((row["position"], claim_of(row)))
    in_order = {key: sorted(rows, key=itemgetter(0)) for key, rows in found.items()}
    return _Sources(where, {key: tuple(claim for _, claim in rows) for key, rows in in_order.items()})


def _put_documents(session: Session, documents: Iterable[Document], sources: _Sources) -> int:
    """Version numbers of all documents; keeps those that disclosures rest on."""
    needed = {(key[0], key[1]) for key in sources.where.values()}
    rows, count = [], 0
    for document in documents:
        count += 1
        rows.append({
            "doc_id": document.doc_id, "version": document.version, "digest": document.digest,
            "source": document.source, "page_id": document.page_id, "first_seen_at": document.first_seen_at,
        })
        if (document.doc_id, document.version) in needed:
            sources.documents[document.doc_id, document.version] = document
        if len(rows) == _CHUNK:
            session.execute(insert(DocumentVersion), rows)
            rows = []
    if rows:
        session.execute(insert(DocumentVersion), rows)
    return count


def _put_deliveries(
    session: Session, deliveries: Iterable[DeliveryRow]
) -> Mapping[tuple[str, int], list[DeliveryRow]]:
    """Deliveries as mirrored. Several with one provider reference went out as a digest."""
    deliveries = list(deliveries)
    carried = Counter((d.kind, d.target, d.provider_ref or d.key) for d in deliveries)
    told: dict[tuple[str, int], list[DeliveryRow]] = defaultdict(list)
    for row in deliveries:
        told[row.disclosure_id, row.version].append(row)
        owed = row.state in ("pending", "sending")
        session.add(Delivery(
            key=row.key, disclosure_id=row.disclosure_id, version=row.version, route=row.route,
            receiver=row.receiver, kind=row.kind, target=row.target, state="held" if owed else row.state,
            reason="held for review: was pending when the ledger was rebuilt" if owed else row.reason,
            attempts=row.attempts + owed, due=row.due, give_up_at=row.due, provider_ref=row.provider_ref,
            digest_key="rebuilt" if carried[row.kind, row.target, row.provider_ref or row.key] > 1 else None,
            last_error=row.last_error, merged_into=row.merged_into, created_at=row.created_at,
            sent_at=row.sent_at, revision=row.revision + owed, mirrored=not owed,
        ))
    return told


def _put_disclosure(
    session: Session, records: list[DisclosureRecord], sources: _Sources, trust: Trust,
    told: Mapping[tuple[str, int], list[DeliveryRow]],
) -> Counter[str]:
    profile, last = Profile(), records[-1]
    counts: Counter[str] = Counter(versions=len(records))
    known: set[str] = set()
    times = []
    for record in records:
        new = [claim for claim in record.claim_ids if claim not in known]
        known.update(new)
        key = next((sources.where[claim] for claim in new if claim in sources.where), None)
        mentioned = _mentioned(sources, key, set(new), trust)
        times += [mention.said_at for mention in mentioned]
        _put_version(session, record, key, told[record.disclosure_id, record.version])
        for mention in mentioned:
            official, grade = trust(mention.document.source)
            outcomes = take_in(profile, mention)
            independence = take_account(profile, mention, official, grade)
            put_links(session, record, outcomes, mention, independence)
            counts["claims"] += len(outcomes)
        for row in told[record.disclosure_id, record.version]:
            settles = row.state != "held" and (row.state != "suppressed" or record.novelty not in QUIET)
            if settles and row.route not in profile.settled:
                profile.settled.append(row.route)
    complete = set(profile.claim_ids) == known
    counts["incomplete"] += not complete
    counts["differing"] += complete and _figures(measure_states(profile)) != _figures(last.measures)
    put_disclosure(session, None, last, profile, times or [last.created_at])
    return counts


def _mentioned(sources: _Sources, key: _DocKey | None, new: set[str], trust: Trust) -> list[Mention]:
    """The mentions whose claims a version took in."""
    document = sources.documents.get((key[0], key[1])) if key else None
    if key is None or document is None:
        return []
    claims = sources.claims[key]
    detection = Detection(id=document.doc_id, lang=document.lang or "", disclosure=True, claims=claims)
    found = mentions(document, detection, key[2], trust(document.source)[0])
    for mention in found:
        mention.said = [said for said in mention.said if said.claim_id in new]
    return [mention for mention in found if mention.said]


def _put_version(
    session: Session, record: DisclosureRecord, key: _DocKey | None, told: list[DeliveryRow]
) -> None:
    routes = {d.route: {"route": d.route, "verdict": d.state, "reason": d.reason} for d in told}
    doc_id, version, detector = key or ("", 0, "")
    session.add(DisclosureVersion(
        disclosure_id=record.disclosure_id, version=record.version, novelty=record.novelty.value,
        doc_id=doc_id, doc_version=version, created_at=record.created_at,
        snapshot=record.model_dump(mode="json"),
        decision=list(routes.values()), mirrored=True,
    ))
    if key:
        session.merge(Resolved(
            doc_id=doc_id, version=version, detector_version=detector, resolved_at=record.created_at
        ))


def _figures(states: Iterable[MeasureState]) -> list[tuple[object, ...]]:
    return [(s.measure, s.min, s.max, s.best, s.claim_id) for s in states]
