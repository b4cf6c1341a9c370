"""The two assets that tie the DAGs together, and the task defaults they share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, AssetAlias

RAW = Asset(name="vigil_raw_pages", uri="vigil://lake/raw", group="vigil")
DISCLOSURES = Asset(name="vigil_disclosures", uri="vigil://lake/disclosures", group="vigil")
# Producers name the alias and add the asset only when something new was written.
RAW_IF_NEW = AssetAlias(name="vigil_raw_pages_if_new", group="vigil")
DISCLOSURES_IF_NEW = AssetAlias(name="vigil_disclosures_if_new", group="vigil")

# The world outside fails in minutes, not in seconds; what the sweep catches anyway need not be tried for ever.
RETRYING: dict[str, Any] = {
    "owner": "vigil",
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=5),
}
