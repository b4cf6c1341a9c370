"""One batch of sources, crawled by Scrapy in a process of its own whose log streams into the task's."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException
from shared_assets import RAW, RAW_IF_NEW

TERM_SECONDS = 4  # a cleared task is killed 5 s after its SIGTERM


def batch_id(group: str, run_id: str, run_after: datetime, sources: list[str]) -> str:
    """Name of a batch: the same run and sources give the same name at every try and every clearing."""
    digest = hashlib.sha256("\x1f".join((group, run_id, *sources)).encode()).hexdigest()[:12]
    return f"{group}-{run_after:%Y%m%dt%H%M%S}-{digest}"


def label(sources: list[str]) -> str:
    """The batch's name in the UI: its sources, or first, last and number. Airflow's column takes 250 characters."""
    names = ", ".join(sources)
    return names if len(names) <= 120 else f"{sources[0]} … {sources[-1]} ({len(sources)} sources)"


class CrawlBatch(BaseOperator):
    """Crawl `sources` of one schedule group; returns the crawl's report (keys and counts, never pages).

    The process stays in the task's process group and is ended in `on_kill`, so that nothing outlives a
    cleared or timed-out task. No argument is a template: scraped text never meets Jinja. The DAG names
    `outlets=[RAW_IF_NEW]`.
    """

    template_fields = ()

    def __init__(self, *, group: str, sources: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group, self.sources = group, sources
        self._process: subprocess.Popen[str] | None = None
        self._killed = False

    def execute(self, context: Any) -> dict[str, Any]:
        """Run the crawl and announce the batch's index key if it brought something."""
        run = context["dag_run"]
        context["label"] = label(self.sources)
        name = batch_id(self.group, run.run_id, run.run_after, self.sources)
        with tempfile.TemporaryDirectory(prefix="vigil-crawl-") as folder:
            stats = Path(folder) / "stats.json"
            self._run(name, f"{run.run_after:%Y-%m-%d}", stats)
            report: dict[str, Any] = json.loads(stats.read_text(encoding="utf-8"))
        for source, health in sorted(report["sources"].items()):
            self.log.info("%s: %s", source, json.dumps(health, ensure_ascii=False))
        if report["index_key"]:
            context["outlet_events"][RAW_IF_NEW].add(RAW, extra={"index_key": report["index_key"]})
        return report

    def _run(self, name: str, date: str, stats: Path) -> None:
        from processing.config import Settings, load_config

        settings = Settings.from_env()
        config = load_config(settings.config_file)
        argv = [
            sys.executable, "-m", "scrapers.run", "--batch-id", name, "--group", self.group, "--date", date,
            "--sources", ",".join(self.sources), "--sources-dir", str(settings.sources_dir),
            "--user-agent", config.user_agent, "--stats", str(stats),
            "--time-budget", str(48 * config.groups[self.group].timeout_minutes),  # 80 % of the task's limit
        ]
        if slowest := config.groups[self.group].slowest_minutes:
            argv += ["--slowest", str(slowest)]
        env = {**os.environ, "VIGIL_LEDGER_URL": settings.ledger_url}  # not an argument: it may hold a password
        with subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            self._process = process
            try:
                for line in process.stdout or ():
                    self.log.info("%s", line.rstrip())
                code = process.wait()
            except BaseException:
                self.on_kill()
                raise
        if self._killed:
            raise AirflowException(f"crawl {name} was stopped; nothing half-written is left, run it again")
        if code:
            raise AirflowException(f"crawl {name} ended with exit code {code}; its log is above")

    def on_kill(self) -> None:
        """End the Scrapy process: politely, then for certain."""
        self._killed = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(TERM_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
