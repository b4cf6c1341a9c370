"""crawl_<group>: ask the sources of one schedule group for what is new. One DAG per group of config/vigil.yaml."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronTriggerTimetable
from scrapy_task import CrawlBatch
from shared_assets import RAW_IF_NEW, RETRYING

from processing.config import ScheduleGroup, Settings, load_config
from scrapers.registry import load_registry

log = logging.getLogger("vigil.crawl")

DOC = """
### Crawl `{group}`

Asks {count} sources for what changed since the last run and stores new pages as evidence (WARC) in the lake.

* Each mapped task `crawl` is one batch of sources, labelled with their names; its log is Scrapy's.
* **Nothing new** is a success: the report (XCom `return_value`) then has no `index_key`.
* A source that cannot be reached does **not** fail the task. Its verdict stands in the log and in
  `vigil sources list`.
* Clearing a task is safe: the batch keeps its name, a stored batch is never fetched or written twice.
* What is stored is announced to the DAG `process`.
"""


def crawl_dag(group: str, plan: ScheduleGroup, sources: list[str]) -> DAG:
    """The crawl of one schedule group."""
    with DAG(
        dag_id=f"crawl_{group}",
        schedule=CronTriggerTimetable(plan.schedule, timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=plan.timeout_minutes + 5),
        default_args=RETRYING,
        doc_md=DOC.format(group=group, count=len(sources)),
        tags=["vigil", "crawl"],
    ) as dag:
        CrawlBatch.partial(
            task_id="crawl",
            group=group,
            pool="vigil_crawl",
            outlets=[RAW_IF_NEW],
            execution_timeout=timedelta(minutes=plan.timeout_minutes),
            map_index_template="{{ label }}",
        ).expand(sources=[sources[i : i + plan.batch_size] for i in range(0, len(sources), plan.batch_size)])
    return dag


_settings = Settings.from_env()
_config = load_config(_settings.config_file)
_registry = load_registry(_settings.sources_dir)
for _group in _registry.groups():
    if _group not in _config.groups:  # one typo must not take the other groups' DAGs away
        log.error("group %r of %s is not under groups: of %s", _group, _settings.sources_dir, _settings.config_file)
        continue
    _dag = crawl_dag(_group, _config.groups[_group], [s.id for s in _registry.in_group(_group)])
    globals()[_dag.dag_id] = _dag
