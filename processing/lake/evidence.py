"""An archived page, given back from the raw store by one ranged GET, its digest verified."""

from __future__ import annotations

import hashlib

from botocore.exceptions import BotoCoreError, ClientError

from processing.errors import ConfigError, Retry, VigilError
from processing.lake.access import among, unreachable
from processing.lake.schemas import RAW_INDEX
from processing.lake.tables import Lake
from processing.models import PageRef
from scrapers.objects import ObjectStore
from scrapers.warc import StoredResponse, WarcError, read_record


class EvidenceError(VigilError):
    """The archived page is not what was stored, or is gone. The message names object and both digests."""


def read_page(store: ObjectStore, warc_key: str, offset: int, length: int, digest: str) -> StoredResponse:
    """The response at `offset` (`length` bytes) of a WARC object.

    `digest` is "sha256:<hex>" of its wire bytes. Raises EvidenceError if object or digest differ, Retry if
    the store does not answer.
    """
    place = f"{store.uri(warc_key)} bytes {offset}+{length}"
    try:
        data = store.get_range(warc_key, offset, length)
    except ClientError as error:
        raise EvidenceError(f"{place}: {' '.join(str(error).split())}") from None
    except BotoCoreError as error:
        raise Retry(unreachable(error)) from None
    try:
        response = read_record(data)
    except (WarcError, OSError) as error:  # OSError: fastwarc, where no record begins
        raise EvidenceError(f"{place}: expected {digest}; {error}") from None
    found = "sha256:" + hashlib.sha256(response.body).hexdigest()
    if found != digest:
        raise EvidenceError(f"{place}: expected {digest}, found {found}")
    return response


def find_page(lake: Lake, page_id: str) -> PageRef:
    """Where a page is archived, by its id or its first characters. Raises ConfigError unless one fits."""
    ids = [page_id] if len(page_id) == 64 else _with_prefix(lake, page_id)
    found = {row["page_id"]: row for row in lake.read(RAW_INDEX, among("page_id", ids))}
    if len(found) != 1:
        raise ConfigError(f"{page_id}: {len(found)} pages in raw_index have that id")
    row = next(iter(found.values()))
    if row["warc_key"] is None or row["offset"] is None:
        raise ConfigError(
            f"{page_id}: nothing was stored of that page: {row['disposition']}, {row['reason']}"
        )
    return PageRef(**{name: row[name] for name in PageRef.model_fields})


def _with_prefix(lake: Lake, start: str) -> list[str]:
    ids = lake.dataset(RAW_INDEX).to_table(["page_id"])["page_id"].to_pylist()
    return sorted({page for page in ids if page.startswith(start)})
