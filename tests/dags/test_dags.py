"""The DAGs as an operator and a maintainer expect them: they import, say what they do, and set limits on purpose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Airflow and its providers warn about their own deprecations on import; that is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

HOME = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    """All DAGs over the shipped registry and the demo's."""
    import os

    os.environ["VIGIL_SOURCES"] = str(HOME / "config" / "demo")
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(HOME / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_the_demo_has_its_dags(dags: dict[str, Any]) -> None:
    """Crawl, process, alert and upkeep exist over the demo registry."""
    assert set(dags) == {"crawl_demo", "process", "alert", "maintain_lake", "watch_sources"}


def test_every_dag_explains_itself_and_runs_one_at_a_time(dags: dict[str, Any]) -> None:
    """doc_md an operator can read; no overlap, no catch-up, a limit on the whole run."""
    for dag in dags.values():
        assert dag.doc_md
        assert len(dag.doc_md) > 200
        assert dag.max_active_runs == 1
        assert dag.catchup is False
        assert dag.dagrun_timeout is not None


def test_every_task_has_a_pool_a_time_limit_and_retries(dags: dict[str, Any]) -> None:
    """Nothing runs without end, in the default pool, or gives up at the first failure."""
    for dag in dags.values():
        for task in dag.tasks:
            settings = getattr(task, "partial_kwargs", None) or vars(task)
            assert settings["pool"].startswith("vigil_"), task.task_id
            assert settings["execution_timeout"] is not None, task.task_id
            assert settings["retries"] >= 1 or task.task_id == "verdict", task.task_id


def test_no_task_renders_a_template(dags: dict[str, Any]) -> None:
    """Scraped text must never meet Jinja: the crawl operator has no template field at all."""
    crawl = dags["crawl_demo"].get_task("crawl")
    assert tuple(crawl.operator_class.template_fields) == ()


def test_the_stages_stand_in_order(dags: dict[str, Any]) -> None:
    """pending → clean → detect → resolve → verdict."""
    process = dags["process"]
    assert process.get_task("stages.clean").upstream_task_ids == {"pending"}
    assert process.get_task("stages.detect").upstream_task_ids == {"stages.clean"}
    assert process.get_task("stages.resolve").upstream_task_ids == {"stages.detect"}
    assert "stages.resolve" in process.get_task("verdict").upstream_task_ids


def test_parsing_twice_gives_the_same_dags() -> None:
    """No clock, no random order: otherwise every parse is a new DAG version."""
    script = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        "from airflow.serialization.serialized_objects import DagSerialization\n"
        "import hashlib, json\n"
        f"bag = DagBag({str(HOME / 'dags')!r})\n"
        "for name in sorted(bag.dags):\n"
        "    data = json.dumps(DagSerialization.to_dict(bag.dags[name]), sort_keys=True)\n"
        "    print('DAG', name, hashlib.sha256(data.encode()).hexdigest())\n"
    )
    runs = [
        [line for line in subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.splitlines() if line.startswith("DAG ")]
        for _ in range(2)
    ]
    assert len(runs[0]) >= 3
    assert runs[0] == runs[1]
