"""watch_sources: one verdict for each source; operations and readers hear of a change once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from shared_assets import RETRYING

DOC = """
### Watch the sources

Every five minutes: judges each source by what crawling and cleaning made of it, and by its own history.

* *fresh*, *quiet* (answers, publishes nothing), *broken* (pages load, nothing can be read), *blocked*, *unreachable*,
  *misconfigured*: see `vigil sources list` and the page **Sources**.
* A verdict that changes is told to `operations:` of `config/vigil.yaml`, once. A failing one is told when it comes
  twice in a row.
* An official channel of a tracked region that is silent for longer than three times its usual gap is told to the
  region's readers, once per silence.

The messages go into the outbox; the DAG `alert` sends them within a minute. Running this again tells nothing twice.
"""


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args={**RETRYING, "pool": "vigil_alert"},
    doc_md=DOC,
    tags=["vigil"],
)
def watch_sources() -> None:
    """Assess every source, queue what is to be told."""

    @task(execution_timeout=timedelta(minutes=10))
    def watch() -> dict[str, int]:
        """Sources by verdict, and how many messages were queued."""
        from processing.config import Settings, load_config
        from processing.ledger import Ledger
        from processing.pipeline import utc_now
        from processing.watch import watch as watch_all
        from scrapers.frontier import Frontier
        from scrapers.registry import load_registry

        settings = Settings.from_env()
        frontier = Frontier(settings.ledger_url)
        try:
            return watch_all(
                Ledger.open(settings.ledger_url).engine, frontier, load_registry(settings.sources_dir),
                load_config(settings.config_file), utc_now(),
            )
        finally:
            frontier.close()

    watch()


watch_sources()
