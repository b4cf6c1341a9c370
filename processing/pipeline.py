"""The whole flow after the crawl, top to bottom: pending batches → clean → detect → resolve → send.

Stages hand each other index keys; what they made lies in the lake. Each may be killed and run again anywhere:
ids come from content, the ledger remembers which page made which version, a batch is done only at the end.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from processing.alert.outbox import Outbox, Sender, drain
from processing.clean import CleanPool
from processing.clean.model import Cleaned, CleanText
from processing.clean.urls import identity
from processing.config import Settings, VigilConfig, load_config
from processing.detect import DETECTOR_VERSION, detect
from processing.errors import ConfigError, VigilError
from processing.lake.tables import Lake
from processing.ledger import Ledger
from processing.ledger.marks import Marks
from processing.ledger.yields import Yields, note_yields
from processing.models import DetectInput, Detection, Document, PageRef, content_id
from processing.resolve import ResolveContext, resolve_document
from scrapers.batch import rebuild_missing_index
from scrapers.handover import Disposition, PageLine
from scrapers.objects import ObjectStore
from scrapers.registry import Registry, RegistryError, Source, load_registry
from scrapers.warc import WarcError, read_record

log = logging.getLogger("vigil.pipeline")

INDEX_SUFFIX = ".index.jsonl"
WARC_SUFFIX = ".warc.gz"
BATCH_TIME = re.compile(r"\d{8}t\d{6}")
PENDING_SINCE = "pending since"  # mark: the oldest day with an unfinished batch at the last look
LOOK_BACK = timedelta(days=2)
CRAWL_LIMIT = timedelta(hours=1)  # no crawl is still writing after that


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


@dataclass
class Pipeline:
    """The stages over one lake and one ledger."""

    config: VigilConfig
    registry: Registry
    store: ObjectStore
    lake: Lake
    ledger: Ledger
    clock: Callable[[], datetime] = utc_now
    clean_workers: int = 2
    _indexes: dict[str, list[PageLine]] = field(default_factory=dict)

    @property
    def marks(self) -> Marks:
        """Notes between runs."""
        return Marks(self.ledger.engine)

    def process(self) -> Counter[str]:
        """Everything that is pending, through all stages. Returns the counts of resolve()."""
        keys = self.pending()
        return Counter(self.resolve(self.detect(self.clean(keys)))) if keys else Counter()

    # -- which batches ---------------------------------------------------------------------------

    def pending(self, everything: bool = False) -> list[str]:
        """Index keys of stored batches that have not been resolved, oldest first.

        Read from the lake, so that no lost event loses a page. Days before the oldest that had an unfinished batch
        at the last look are skipped, after LOOK_BACK for crawls that overlapped; `everything` looks at all days.
        """
        since = date.min if everything else self._pending_since()
        done = self.ledger.done_batches(None if since == date.min else since)
        found = [key for prefix in self._days(since) for key in self._indexes_of(prefix)]
        left = sorted(set(found) - set(done), key=_age_order)
        today = self.clock().date()
        self.marks.set(PENDING_SINCE, min([today, *map(_day_of, left)]).isoformat())
        return left

    def _pending_since(self) -> date:
        mark = self.marks.get(PENDING_SINCE)
        return date.fromisoformat(mark) - LOOK_BACK if mark else date.min

    def _days(self, since: date) -> Iterator[str]:
        """Prefixes of the days to look at, of all groups."""
        for group in self.store.folders("raw/"):
            for folder in self.store.folders(f"raw/{group}/"):
                try:
                    day = date.fromisoformat(folder.removeprefix("date="))
                except ValueError:
                    log.warning("raw/%s/%s: not a day's folder, passed over", group, folder)
                    continue
                if day >= since:
                    yield f"raw/{group}/{folder}/"

    def _indexes_of(self, prefix: str) -> list[str]:
        """Index keys of a day; a WARC whose crawl was killed before it wrote the index gets it now."""
        keys = set(self.store.list(prefix))
        indexes = {key for key in keys if key.endswith(INDEX_SUFFIX)}
        for warc in (key for key in keys if key.endswith(WARC_SUFFIX)):
            index = warc.removesuffix(WARC_SUFFIX) + INDEX_SUFFIX
            if index not in indexes and self.clock() - self.store.modified(warc) > CRAWL_LIMIT:
                log.warning("%s: its crawl never wrote the index; making it from the WARC", warc)
                try:
                    indexes.add(rebuild_missing_index(self.store, warc))
                except WarcError:
                    log.exception("%s: no index can be made from it; look at it by hand", warc)
        return sorted(indexes)

    def pending_shares(self, shares: int) -> list[list[str]]:
        """pending(), dealt into at most `shares` lists."""
        keys = self.pending()
        return [share for number in range(shares) if (share := keys[number::shares])]

    # -- the stages ------------------------------------------------------------------------------

    def clean(self, keys: list[str]) -> list[str]:
        """Raw pages to documents and their dispositions. Returns the keys that went through, for the next stage."""
        with CleanPool(self.clean_workers) as pool:

            def one(key: str) -> Counter[str]:
                lines, documents, yields = self._clean_batch(key, pool)
                self.lake.write_documents(documents)
                self.lake.write_raw_index(lines)
                note_yields(self.ledger.engine, key, yields)
                return Counter(line.disposition.value for line in lines)

            return list(_each("clean", keys, one))

    def detect(self, keys: list[str]) -> list[str]:
        """Documents to claims. Returns the keys that went through.

        A document that the detector fails on is logged and keeps its batch pending; the others go on.
        """

        def one(key: str) -> Counter[str]:
            detections, failed = [], 0
            for document in self._documents(key):
                try:
                    detections.append((document, detect(self._detect_input(document))))
                except Exception:  # one document's boundary; check_done tells of it
                    log.exception("detect: document %s version %d", document.doc_id, document.version)
                    failed += 1
            self.lake.write_claims(detections, DETECTOR_VERSION)
            self._note_failures(key, "detect", failed)
            counts = Counter(f"{claim.status.value} claims" for _, found in detections for claim in found.claims)
            return counts + Counter(documents=len(detections), failed=failed)

        return list(_each("detect", keys, one))

    def resolve(self, keys: list[str]) -> dict[str, int]:
        """Claims to disclosures and outbox rows, then mirror both. Returns counts by novelty, and `queued`."""
        done = _each("resolve", keys, self._resolve_batch)
        self.mirror()
        for key in done:
            if self.marks.get(f"detect failed {key}") is None:
                self.ledger.mark_batch(_name(key), key, self._dispositions(key), self.clock())
        return dict(sum(done.values(), Counter()))

    def _note_failures(self, key: str, stage: str, failed: int) -> None:
        if failed:
            self.marks.set(f"{stage} failed {key}", f"{failed} documents")
        else:
            self.marks.clear(f"{stage} failed {key}")

    def check_done(self, keys: list[str]) -> None:
        """Raises VigilError naming those of the batches that have not reached their end; they stay pending."""
        since = min(map(_day_of, keys), default=None)
        if left := sorted(set(keys) - self.ledger.done_batches(since)):
            names = ", ".join(map(_name, left))
            raise VigilError(f"{len(left)} of {len(keys)} batches did not get through, see their stages' logs: {names}")

    def send(self, senders: Mapping[str, Sender]) -> dict[str, int]:
        """Drain the outbox and mirror what became of it. Returns counts by outcome."""
        report = drain(Outbox(self.ledger.engine, self.clock, self.config), senders)
        self.mirror()
        return report.counts()

    def mirror(self) -> None:
        """Copy disclosure versions and deliveries that the lake does not have yet."""
        records = self.ledger.unmirrored_disclosures()
        self.lake.write_disclosures(records)
        self.ledger.mark_disclosures_mirrored(records)
        deliveries = self.ledger.unmirrored_deliveries()
        self.lake.write_deliveries(deliveries)
        self.ledger.mark_deliveries_mirrored(deliveries)

    # -- clean -----------------------------------------------------------------------------------

    def _clean_batch(self, key: str, pool: CleanPool) -> tuple[list[PageLine], list[Document], Yields]:
        lines = self._index(key)
        jobs, ready = [], []
        stored_in = next((line.warc_key for line in lines if line.warc_key), None)
        warc = self.store.get(stored_in) if stored_in else b""
        for line in lines:
            if line.disposition is not Disposition.STORED:
                ready.append(line)
            elif line.source not in self.registry.sources:
                reason = "source is no longer in the registry"
                ready.append(line.model_copy(update={"disposition": Disposition.QUARANTINED, "reason": reason}))
            else:
                begin = line.offset or 0
                try:
                    record = read_record(warc[begin : begin + (line.length or 0)])
                except WarcError as error:
                    reason = f"unreadable record: {error}"
                    ready.append(line.model_copy(update={"disposition": Disposition.QUARANTINED, "reason": reason}))
                else:
                    jobs.append((record, line, self.registry[line.source]))
        documents: list[Document] = []
        yields = Yields()
        for (record, line, source), cleaned in zip(jobs, pool.clean_many(jobs), strict=True):
            yields.count(line, cleaned, record)
            disposition, made = self._versions(line, source, cleaned)
            documents += made
            ready.append(line.model_copy(update={"disposition": disposition, "reason": cleaned.reason}))
        return ready, documents, yields

    def _versions(self, line: PageLine, source: Source, cleaned: Cleaned) -> tuple[Disposition, list[Document]]:
        """Documents that are new or changed, and the page's final disposition."""
        made, first = self._tombstones(line, source, cleaned.gone), True
        for text in cleaned.texts:
            document, known = self._version(line, source, text)
            if document:
                made.append(document)
                first = first and not known
        if cleaned.gone and made:
            return Disposition.POSTS, made
        if cleaned.disposition is Disposition.POSTS:
            return (Disposition.POSTS if made else Disposition.POSTS_UNCHANGED), made
        if cleaned.disposition is not Disposition.DOCUMENT_NEW:
            return cleaned.disposition, made
        if not made:
            return Disposition.DOCUMENT_UNCHANGED, made
        return (Disposition.DOCUMENT_NEW if first else Disposition.DOCUMENT_VERSION), made

    def _version(self, line: PageLine, source: Source, text: CleanText) -> tuple[Document | None, bool]:
        doc_id = content_id("document", source.id, identity(text.canonical_url))
        digest = "sha256:" + content_id("text", text.title or "", text.text)
        entry = self.ledger.document_version(doc_id, digest, source.id, line.page_id, line.fetched_at)
        if (entry.page_id, entry.first_seen_at) != (line.page_id, line.fetched_at):
            return None, True  # another page, or an earlier fetch of this one, brought this very text
        document = Document(
            doc_id=doc_id, version=entry.version, source=source.id, outlet=text.outlet, url=text.url,
            canonical_url=text.canonical_url, kind=text.kind, title=text.title, text=text.text, lang=text.lang,
            published_at=text.published_at, precision=text.precision, first_seen_at=line.fetched_at,
            edited=text.edited, digest=digest, page_id=line.page_id, extractor_version=text.extractor_version,
            forwarded_from=text.forwarded_from, post=text.post,
        )
        return document, entry.version > 1

    def _tombstones(self, line: PageLine, source: Source, urls: Sequence[str]) -> list[Document]:
        """Posts that are no longer there: a version of each with its last text, marked as missing.

        A post without text never was a document and gets none. One that comes back makes a further version.
        """
        ids = {content_id("document", source.id, identity(url)): url for url in urls}
        known = self.lake.versions_of(source.id, ids) if ids else {}
        made = []
        for doc_id, versions in known.items():
            digest = "missing:" + content_id("missing", doc_id)
            entry = self.ledger.document_version(doc_id, digest, source.id, line.page_id, line.fetched_at)
            last = next((d for d in reversed(versions) if d.version < entry.version), None)
            if last is None or (entry.page_id, entry.first_seen_at) != (line.page_id, line.fetched_at):
                continue  # told before
            made.append(last.model_copy(update={
                "version": entry.version, "digest": digest, "page_id": line.page_id,
                "first_seen_at": line.fetched_at, "missing_since": line.fetched_at,
            }))
        return made

    # -- detect and resolve ----------------------------------------------------------------------

    def _documents(self, key: str) -> list[Document]:
        """The documents that a batch's pages made, by publication; a tombstone says nothing."""
        documents = [d for d in self.lake.documents_of(self._index(key)) if d.missing_since is None]
        return sorted(documents, key=lambda d: (d.published_at or d.first_seen_at, d.doc_id, d.version))

    def _detect_input(self, document: Document) -> DetectInput:
        source = self.registry.sources.get(document.source)
        official = source.official if source and document.forwarded_from is None else None  # others' words
        return DetectInput(
            id=document.doc_id, text=document.text, title=document.title, lang=document.lang,
            published=document.published_at, source=document.source, source_name=document.outlet,
            source_region=source.region if source else None,
            source_person=official.person if official else None,
            source_office=official.office if official else None,
            source_official=official is not None,
        )

    def _resolve_batch(self, key: str) -> Counter[str]:
        pages = {line.page_id: line for line in self._index(key)}
        counts: Counter[str] = Counter()
        failures: list[Exception] = []
        documents = self._documents(key)
        claims = self.lake.read_claims(documents, DETECTOR_VERSION)
        for document in documents:
            found = claims.get((document.doc_id, document.version), ())
            detection = Detection(id=document.doc_id, lang=document.lang or "", disclosure=bool(found), claims=found)
            context = self._context(document, pages[document.page_id])
            try:
                outcomes = resolve_document(self.ledger, document, detection, DETECTOR_VERSION, context)
            except Exception as error:  # one document's boundary: raised below, the others go on
                log.exception("resolve: document %s version %d", document.doc_id, document.version)
                failures.append(error)
                continue
            for outcome in outcomes:
                counts[outcome.novelty.value] += 1
                counts["queued"] += outcome.queued
        if failures:
            raise VigilError(f"{len(failures)} of {len(documents)} documents could not be resolved: {failures[-1]}")
        return counts

    def _context(self, document: Document, line: PageLine) -> ResolveContext:
        source = self.registry.sources.get(document.source)
        return ResolveContext(
            grade=source.grade if source else "F6", official=bool(source and source.official),
            page=_page_ref(line), config=self.config, now=self.clock(), backfill=False,
        )

    # -- a batch's index -------------------------------------------------------------------------

    def _index(self, key: str) -> list[PageLine]:
        if key not in self._indexes:
            rows = self.store.get(key).decode("utf-8").splitlines()
            self._indexes[key] = [PageLine.model_validate_json(row) for row in rows]
        return self._indexes[key]

    def _dispositions(self, key: str) -> dict[str, int]:
        """Final dispositions of a batch's pages. Raises VigilError if a page has none, or two."""
        lines = self._index(key)
        counts = self.lake.dispositions_of(lines)
        if sum(counts.values()) != len({line.page_id for line in lines}):
            raise VigilError(f"{key}: {len(lines)} pages in, {sum(counts.values())} with a disposition: {counts}")
        return counts


def open_pipeline(settings: Settings | None = None) -> Pipeline:
    """The pipeline of this process's environment. Raises ConfigError with every fault of the configuration."""
    settings = settings or Settings.from_env()
    try:
        registry = load_registry(settings.sources_dir)
    except RegistryError as error:
        raise ConfigError(str(error)) from None
    store = ObjectStore(settings.bucket, settings.prefix)
    return Pipeline(
        load_config(settings.config_file), registry, store, Lake(store), Ledger.open(settings.ledger_url)
    )


def _each(stage: str, keys: list[str], one: Callable[[str], Counter[str]]) -> dict[str, Counter[str]]:
    """Run a stage over batches: one that fails is logged and left pending, the others go on.

    Returns the counts of those that went through. Raises the last error if none did: then the world outside is
    down rather than a batch broken, and trying again is the caller's business.
    """
    done: dict[str, Counter[str]] = {}
    failure: Exception | None = None
    for number, key in enumerate(keys, 1):
        try:
            done[key] = one(key)
        except Exception as error:  # the boundary between batches: logged whole, reported by check_done
            log.exception("%s %d/%d %s: failed, stays pending", stage, number, len(keys), _name(key))
            failure = error
        else:
            log.info("%s %d/%d %s: %s", stage, number, len(keys), _name(key), _spell(done[key]))
    if failure is not None and not done:
        raise failure
    return done


def _page_ref(line: PageLine) -> PageRef | None:
    if line.warc_key is None or line.offset is None or line.length is None or line.digest is None:
        return None
    return PageRef(
        page_id=line.page_id, warc_key=line.warc_key, offset=line.offset, length=line.length, digest=line.digest
    )


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(INDEX_SUFFIX)


def _age_order(key: str) -> tuple[date, str, str]:
    """Day, then the time in the batch's name whatever its group, then the name."""
    time = BATCH_TIME.search(_name(key))
    return _day_of(key), time.group() if time else "", key


def _day_of(key: str) -> date:
    return date.fromisoformat(key.rsplit("/", 2)[-2].removeprefix("date="))


def _spell(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "nothing"

