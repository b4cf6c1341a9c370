"""Fixtures shared by all tests: a real S3 server, a store with a prefix of its own, a lake in it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from processing.lake.tables import Lake
    from scrapers.objects import ObjectStore

BUCKET = "vigil-test"


@dataclass(frozen=True)
class S3Server:
    """A running SeaweedFS. Its credentials are in the AWS environment of the test process."""

    endpoint: str
    bucket: str
    pid: int


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS of this session's own, on free loopback ports, with bucket `vigil-test`."""
    from processing.embedded.seaweed import free_port, start_seaweed, wait_ready
    from scrapers.objects import ObjectStore

    folder = tmp_path_factory.mktemp("s3")
    host, port = "127.0.0.1", free_port()
    keys = secrets.token_hex(10), secrets.token_hex(20)
    process = start_seaweed(folder / "data", host, port, *keys, folder / "s3.log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
        patch.setenv("AWS_ALLOW_HTTP", "true")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ACCESS_KEY_ID", keys[0])
        patch.setenv("AWS_SECRET_ACCESS_KEY", keys[1])
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        try:
            wait_ready(host, port, process)
            ObjectStore(BUCKET).ensure_bucket()
            yield S3Server(os.environ["AWS_ENDPOINT_URL_S3"], BUCKET, process.pid)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def store(s3: S3Server) -> ObjectStore:
    """An object store under a prefix that no other test uses."""
    from scrapers.objects import ObjectStore

    return ObjectStore(s3.bucket, f"t-{secrets.token_hex(6)}")


@pytest.fixture
def lake(store: ObjectStore) -> Lake:
    """An empty lake, its tables made."""
    from processing.lake.tables import Lake

    made = Lake(store)
    made.ensure()
    return made
