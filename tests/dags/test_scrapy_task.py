"""The crawl task as it is cleared, times out, or fails: nothing outlives it, and it never ends as a success."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own deprecations at import


@pytest.fixture
def crawl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A crawl task whose Scrapy process is a stand-in that the test writes."""
    import scrapy_task

    def make(script: str) -> Any:
        interpreter = tmp_path / "python"
        interpreter.write_text(f"#!{sys.executable}\n{script}\n", encoding="utf-8")
        interpreter.chmod(0o755)
        monkeypatch.setattr(scrapy_task.sys, "executable", str(interpreter))
        return scrapy_task.CrawlBatch(task_id="crawl", group="demo", sources=["a"])

    return make


def test_a_cleared_task_ends_its_process_and_fails(
    crawl: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """on_kill ends Scrapy, and the task raises instead of ending as a success."""
    from airflow.sdk.exceptions import AirflowException

    task = crawl("import signal\nprint('started', flush=True)\nsignal.pause()")
    seen = threading.Event()
    monkeypatch.setattr(type(task), "log", _Log(seen))
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            task._run("demo-1", "2026-01-02", tmp_path / "stats.json")
        except AirflowException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert seen.wait(30)
    task.on_kill()
    thread.join(30)
    assert not thread.is_alive()
    assert "was stopped" in str(outcome[0])
    assert task._process.poll() is not None


def test_a_process_that_ignores_sigterm_is_killed(crawl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the grace period there is no asking."""
    import scrapy_task

    monkeypatch.setattr(scrapy_task, "TERM_SECONDS", 0.2)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nsignal.pause()"
    with subprocess.Popen([sys.executable, "-uc", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "deaf\n"
        task = crawl("")
        task._process = process
        task.on_kill()
        assert process.returncode == -9


def test_a_crawl_that_fails_says_so(crawl: Any, tmp_path: Path) -> None:
    """A non-zero exit code fails the task."""
    from airflow.sdk.exceptions import AirflowException

    task = crawl("raise SystemExit(1)")
    with pytest.raises(AirflowException, match="exit code 1"):
        task._run("demo-1", "2026-01-02", tmp_path / "stats.json")


def test_a_batch_keeps_its_name_at_every_try() -> None:
    """Run and sources decide it, nothing else; other sources give another name."""
    from datetime import UTC, datetime

    import scrapy_task

    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    name = scrapy_task.batch_id("demo", "manual__x", when, ["a", "b"])
    assert name == scrapy_task.batch_id("demo", "manual__x", when, ["a", "b"])
    assert name != scrapy_task.batch_id("demo", "manual__x", when, ["a"])
    assert name.startswith("demo-20260102t030405-")


class _Log:
    """A task log that tells of the crawl's first line."""

    def __init__(self, seen: threading.Event) -> None:
        self.seen = seen

    def info(self, *_args: object) -> None:
        """Any line will do: the process is up."""
        self.seen.set()


def test_the_label_of_a_big_batch_fits_airflows_column() -> None:
    """A few sources are named each; of many, first, last and number: PostgreSQL refuses more than 250 characters."""
    from scrapy_task import label

    assert label(["a", "b"]) == "a, b"
    many = label([f"{letter * 62}" for letter in "abcdefgh"])
    assert many.endswith("(8 sources)")
    assert len(many) <= 250
