"""Airflow for DAG structure tests: a home of its own, set before Airflow is imported. No database is needed."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

DAGS = Path(__file__).parent.parent.parent / "dags"

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="vigil-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
sys.path.insert(0, str(DAGS))  # as the DAG processor does for a bundle
os.environ["PYTHONPATH"] = str(DAGS)
