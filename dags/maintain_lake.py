"""maintain_lake: once a day, keep tables small and fast, and forget what the frontier no longer needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from shared_assets import RETRYING

DOC = """
### Maintain the lake

Every night: compacts the small files that each batch adds to the Delta tables, writes checkpoints, and deletes
files that no table version of the last seven days uses. Raw pages (WARC) are evidence and are never deleted here.
The frontier forgets article addresses that nothing has named for a year. All days of raw pages are looked through
for batches that the two-minute sweep may have passed over; what is found is taken up by the next `process`.

Writers may go on meanwhile; clearing and running it again at any time is safe.
"""

FORGET_AFTER = timedelta(days=365)


@dag(
    schedule=CronTriggerTimetable("17 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args={**RETRYING, "pool": "vigil_process", "execution_timeout": timedelta(hours=2)},
    doc_md=DOC,
    tags=["vigil"],
)
def maintain_lake() -> None:
    """Compact and vacuum tables; prune the frontier."""

    @task
    def compact() -> dict[str, dict[str, int]]:
        """Small files to large ones; counts by table."""
        from processing.lake.tables import Lake
        from scrapers.objects import ObjectStore

        return Lake(ObjectStore.from_env()).maintain()

    @task
    def prune_frontier() -> int:
        """Addresses forgotten."""
        from processing.config import Settings
        from processing.pipeline import utc_now
        from scrapers.frontier import Frontier

        frontier = Frontier(Settings.from_env().ledger_url)
        try:
            return frontier.prune(utc_now() - FORGET_AFTER)
        finally:
            frontier.close()

    @task
    def prune_yields() -> int:
        """Batches forgotten whose pages the sources' health no longer looks back on."""
        from processing.config import Settings
        from processing.ledger import Ledger
        from processing.ledger.yields import prune_yields
        from processing.pipeline import utc_now

        return prune_yields(Ledger.open(Settings.from_env().ledger_url).engine, utc_now() - FORGET_AFTER)

    @task
    def look_everywhere() -> int:
        """Unfinished batches of any day."""
        from processing.pipeline import open_pipeline

        return len(open_pipeline().pending(everything=True))

    compact()
    prune_frontier()
    prune_yields()
    look_everywhere()


maintain_lake()
