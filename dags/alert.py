"""alert: drain the outbox to e-mail and Slack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from shared_assets import DISCLOSURES, RETRYING

DOC = """
### Alert: drain the outbox

Runs when a disclosure has queued something, and every minute. One run at a time.

* A message that fails for a passing reason (429, 5xx, timeout) stays in the outbox with its next try;
  `vigil alerts dead` lists what was given up, `vigil alerts resend KEY` tries it again.
* Each version reaches each target once. After a kill in mid-send the provider is asked for our own key first.
* Host, user and secret are in the Airflow connections named in `config/vigil.yaml` (`vigil_smtp`, `vigil_slack`).
"""


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("* * * * *", timezone="UTC"), assets=[DISCLOSURES]),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args={**RETRYING, "pool": "vigil_alert"},
    doc_md=DOC,
    tags=["vigil"],
)
def alert() -> None:
    """Send what is due, then mirror deliveries to the lake."""

    @task(execution_timeout=timedelta(minutes=10))
    def send() -> dict[str, int]:
        """Deliver every message that is due; returns counts by outcome."""
        from senders import build_senders

        from processing.pipeline import open_pipeline

        pipeline = open_pipeline()
        return pipeline.send(build_senders(pipeline.config))

    send()


alert()
