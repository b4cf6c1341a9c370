"""An S3 server of the month's own, for the command line; tests use the session's."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processing.embedded.seaweed import free_port, start_seaweed, wait_ready
from scrapers.objects import ObjectStore


@contextmanager
def seaweed(folder: Path) -> Iterator[ObjectStore]:
    """A store with its bucket made."""
    port, keys = free_port(), (secrets.token_hex(10), secrets.token_hex(20))
    process = start_seaweed(folder / "s3", "127.0.0.1", port, *keys, folder / "s3.log")
    os.environ |= {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1],
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        wait_ready("127.0.0.1", port, process)
        ObjectStore("vigil-month").ensure_bucket()
        yield ObjectStore("vigil-month")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
