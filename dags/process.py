"""process: new raw pages become documents, documents claims, claims disclosures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import (
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    TriggerRule,
    dag,
    get_current_context,
    task,
    task_group,
)
from shared_assets import DISCLOSURES, DISCLOSURES_IF_NEW, RAW, RETRYING

DOC = """
### Process: clean → detect → resolve

Runs when a crawl has stored pages, and every two minutes in case an announcement was lost: `pending` reads from the
lake which batches have not reached their end, so no event is needed for a page to be processed.

* **clean** turns raw pages into documents. Hostile or broken pages are *quarantined* with a reason.
* **detect** finds casualty claims with their exact words; what is not a disclosure is kept with its status.
* **resolve** decides new, update, correction, retraction or repeat, and queues alerts in the same transaction.
* **verdict** fails if a batch did not get through; the others have, and the next run takes it up again.

Every stage may be cleared and run again at any time: ids come from content, a rerun changes nothing.
The counts of each batch (pages by disposition, claims, disclosures) are in the task logs and XComs.
"""


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/2 * * * *", timezone="UTC"), assets=[RAW]),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args={**RETRYING, "pool": "vigil_process", "execution_timeout": timedelta(minutes=45)},
    doc_md=DOC,
    tags=["vigil"],
)
def process() -> None:
    """Clean, detect, resolve: mapped over shares of the batches that are pending."""

    @task
    def pending() -> list[list[str]]:
        """Index keys of stored batches that have not been resolved, in at most two shares."""
        from processing.pipeline import open_pipeline

        return open_pipeline().pending_shares(2)

    @task(map_index_template="{{ label }}")
    def clean(keys: list[str]) -> list[str]:
        """Pages to documents."""
        from processing.pipeline import open_pipeline

        get_current_context()["label"] = _label(keys)
        return open_pipeline().clean(keys)

    @task(map_index_template="{{ label }}")
    def detect(keys: list[str]) -> list[str]:
        """Documents to claims."""
        from processing.pipeline import open_pipeline

        get_current_context()["label"] = _label(keys)
        return open_pipeline().detect(keys)

    @task(map_index_template="{{ label }}", outlets=[DISCLOSURES_IF_NEW])
    def resolve(keys: list[str]) -> dict[str, int]:
        """Claims to disclosures, and the outbox."""
        from processing.pipeline import open_pipeline

        context = get_current_context()
        context["label"] = _label(keys)
        counts = open_pipeline().resolve(keys)
        if counts.get("queued"):
            context["outlet_events"][DISCLOSURES_IF_NEW].add(DISCLOSURES, extra=counts)
        return counts

    @task_group
    def stages(keys: list[str]) -> None:
        """The three stages of one share."""
        resolve(detect(clean(keys)))

    @task(trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def verdict(shares: list[list[str]]) -> None:
        """Fail visibly if a batch did not get through; the next run takes it up again."""
        from processing.pipeline import open_pipeline

        open_pipeline().check_done([key for keys in shares for key in keys])

    shares = pending()
    stages.expand(keys=shares) >> verdict(shares)


def _label(keys: list[str]) -> str:
    first = keys[0].rsplit("/", 1)[-1].removesuffix(".index.jsonl")
    return first if len(keys) == 1 else f"{first} and {len(keys) - 1} more"


process()
