"""One step of the pipeline in a process that may die: python -m tests.faults.driver crawl|process|send [POINT].

POINT is `<before|after>:<module>:<Class.method or function>`: there the process kills itself with SIGKILL, which
no handler sees.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import smtplib
import sys
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient


def plant(point: str) -> None:
    """Make the process die at the named point."""
    when, module_name, path = point.split(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)

    @functools.wraps(original)
    def dying(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


def crawl() -> None:
    """Every source of the registry once, as one batch whose name stays the same."""
    import runpy

    from processing.config import Settings

    settings = Settings.from_env()
    sys.argv = [
        "scrapers.run", "--batch-id", "faults-batch", "--group", "demo", "--date", "2026-01-02", "--sources",
        "demo-governor,demo-ledger,demo-listok,demo-ohliadach,demo-press", "--sources-dir",
        str(settings.sources_dir), "--ledger-url", settings.ledger_url, "--user-agent", "VigilTest/1.0",
    ]
    try:
        runpy.run_module("scrapers.run", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise


def process() -> None:
    """Everything that is pending."""
    from processing.pipeline import open_pipeline

    pipeline = open_pipeline()
    keys = pipeline.pending()
    pipeline.process()
    pipeline.check_done(keys)


def send() -> None:
    """Drain the outbox through plain clients."""
    import json

    from processing.alert.receivers import build
    from processing.pipeline import open_pipeline

    mail = json.loads(os.environ["AIRFLOW_CONN_VIGIL_SMTP"])
    slack = json.loads(os.environ["AIRFLOW_CONN_VIGIL_SLACK"])
    assert urlsplit(slack["extra"]["base_url"]).hostname == "127.0.0.1"
    clients = {
        "email": lambda _connection: smtplib.SMTP(mail["host"], mail["port"], timeout=10),
        "slack": lambda _connection: WebClient(
            slack["password"], base_url=slack["extra"]["base_url"], retry_handlers=[]
        ),
    }
    pipeline = open_pipeline()
    pipeline.send(build(pipeline.config, clients))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        plant(sys.argv[2])
    {"crawl": crawl, "process": process, "send": send}[sys.argv[1]]()
