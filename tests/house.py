"""The whole house for flow and fault tests: real S3, real SMTP, real processes; only Slack and the web are doubles."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.embedded.seaweed import free_port
from scrapers.objects import ObjectStore

TABLES = ("raw_index", "documents", "claims", "disclosure_versions", "deliveries")
HOME = Path(__file__).parent.parent


@dataclass
class House:
    """Processes, ports and environment of one end-to-end test."""

    folder: Path
    env: dict[str, str]
    demo_port: int
    inbox_port: int
    smtp_port: int
    store: ObjectStore
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)  # what the DAGs printed, logs included

    def start(self, name: str, *argv: str, url: str) -> None:
        """Start a module and wait until it answers."""
        log = open(self.folder / f"{name}.log", "ab")  # noqa: SIM115  # the child keeps it
        process = subprocess.Popen(
            [sys.executable, "-m", *argv], env=self.env, cwd=HOME, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()
        self.processes[name] = process
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(url, timeout=2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / f"{name}.log").read_text())

    def stop(self, name: str) -> None:
        """End one process."""
        process = self.processes.pop(name)
        process.terminate()
        process.wait(20)

    def show_stage(self, stage: int) -> None:
        """The demo web as it stands at a stage of the story."""
        if "demo" in self.processes:
            self.stop("demo")
        self.start(
            "demo", "processing.embedded.demo_web", "--port", str(self.demo_port), "--state",
            str(self.folder / "demo"), "--stage", str(stage), url=f"http://127.0.0.1:{self.demo_port}/",
        )

    def run_dags(self, *dag_ids: str) -> dict[str, str]:
        """Run DAGs by dag.test(); returns their end states."""
        done = subprocess.run(
            [sys.executable, str(HOME / "tests" / "flow" / "run_dags.py"), *dag_ids], env=self.env, cwd=HOME,
            capture_output=True, text=True, timeout=240, check=False,
        )
        self.output += [done.stdout, done.stderr]
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        assert lines, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        result: dict[str, str] = json.loads(lines[-1].removeprefix("RESULT "))
        bad = {k: v for k, v in result.items() if v != "success"}
        assert not bad, f"{bad}\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
        return result

    def vigil(self, *args: str) -> str:
        """Run the command line; returns its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "processing", *args], env=self.env, cwd=HOME, capture_output=True, text=True,
            timeout=120, check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def migrate_airflow(self) -> None:
        """Airflow's own database."""
        argv = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(argv, env=self.env, check=True, capture_output=True, timeout=120)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of `vigil lake query`."""
        return [json.loads(line) for line in self.vigil("lake", "query", "--format", "jsonl", sql).splitlines()]

    def sql(self, statement: str) -> list[Any]:
        """A statement on the ledger, for what only time would change."""
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as connection, connection:
            return connection.execute(statement).fetchall()

    def row_counts(self) -> dict[str, int]:
        """Rows of every table of the lake."""
        parts = [f"select '{t}' as t, count(*) as n from {t}" for t in TABLES]  # noqa: S608  # own names
        return {row["t"]: row["n"] for row in self.rows(" union all ".join(parts))}

    def messages(self) -> dict[str, list[dict[str, Any]]]:
        """What the catchers hold."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.inbox_port}/api/messages", timeout=10) as answer:
            got: dict[str, list[dict[str, Any]]] = json.load(answer)
        return got


@contextmanager
def open_house(folder: Path, store: ObjectStore) -> Iterator[House]:
    """A house with empty lake, ledger and inbox; the inbox is up, the demo web is not."""
    demo, inbox, smtp = free_port(), free_port(), free_port()
    (folder / "sources").mkdir()
    for file in (HOME / "config" / "demo").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("127.0.0.1:8765", f"127.0.0.1:{demo}")
        (folder / "sources" / file.name).write_text(text, encoding="utf-8")
    config = (HOME / "config" / "vigil.yaml").read_text(encoding="utf-8")
    assert "update_group_seconds: 60" in config
    config = config.replace("update_group_seconds: 60", "update_group_seconds: 0")
    (folder / "vigil.yaml").write_text(config, encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | _environment(
        folder, store, demo, inbox, smtp
    )
    house = House(folder, env, demo, inbox, smtp, store)
    try:
        house.vigil("lake", "init")
        house.start(
            "inbox", "processing.embedded.catchers", "--http-port", str(inbox), "--smtp-port", str(smtp),
            "--state", str(folder / "inbox"), url=f"http://127.0.0.1:{inbox}/",
        )
        yield house
    finally:
        for name in list(house.processes):
            house.stop(name)


def _environment(folder: Path, store: ObjectStore, demo: int, inbox: int, smtp: int) -> dict[str, str]:
    mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": smtp, "extra": {"disable_ssl": True, "disable_tls": True}}
    slack = {
        "conn_type": "slack", "password": "xoxb-test-0000", "extra": {"base_url": f"http://127.0.0.1:{inbox}/api/"}
    }
    return {
        "VIGIL_CONFIG": str(folder / "vigil.yaml"),
        "VIGIL_SOURCES": str(folder / "sources"),
        "VIGIL_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite'}",
        "VIGIL_BUCKET": store.bucket,
        "VIGIL_PREFIX": store.prefix,
        "VIGIL_ALLOW_HOSTS": f"127.0.0.1:{demo}",
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW_CONN_VIGIL_SMTP": json.dumps(mail),
        "AIRFLOW_CONN_VIGIL_SLACK": json.dumps(slack),
        "PYTHONPATH": os.pathsep.join([str(HOME / "dags"), str(HOME)]),
    }
