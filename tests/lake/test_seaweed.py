"""The embedded S3 server: on disk, beside others, closed to strangers."""

from __future__ import annotations

import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config

from processing.embedded.seaweed import free_port, start_seaweed, wait_ready
from processing.errors import ConfigError
from scrapers.objects import ObjectStore
from tests.conftest import S3Server

KEYS = ("an-access-key", "a-secret-key")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server as the launcher does."""
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def store_at(port: int) -> ObjectStore:
    """Bucket `kept` of the server at a port."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
        config=Config(s3={"addressing_style": "path"}),
    )
    return ObjectStore("kept", client=client)


def test_a_second_server_runs_beside_and_keeps_its_objects(s3: S3Server, tmp_path: Path) -> None:
    """Another data directory, other ports; after a restart on another port its objects are there."""
    for number in range(2):
        port = free_port()
        process = start_seaweed(tmp_path / "data", "127.0.0.1", port, *KEYS, tmp_path / "s3.log")
        try:
            wait_ready("127.0.0.1", port, process)
            store = store_at(port)
            store.ensure_bucket()
            if number == 0:
                store.put("a", b"kept", "text/plain")
            assert store.get("a") == b"kept"
        finally:
            end(process)
    with urllib.request.urlopen(f"{s3.endpoint}/healthz", timeout=5) as answer:
        assert answer.status == 200


def test_strangers_are_refused(s3: S3Server) -> None:
    """Without credentials nothing is listed."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{s3.endpoint}/{s3.bucket}?list-type=2", timeout=5)
    assert caught.value.code == 403
    caught.value.close()


def test_a_taken_port_is_named(s3: S3Server, tmp_path: Path) -> None:
    """Starting on a port in use says which."""
    port = int(s3.endpoint.rsplit(":", 1)[1])
    with pytest.raises(ConfigError, match=f"port {port}"):
        start_seaweed(tmp_path, "127.0.0.1", port, *KEYS, tmp_path / "log")


def test_only_loopback(tmp_path: Path) -> None:
    """The inner ports ask for no credentials, so no other address is taken."""
    with pytest.raises(ConfigError, match="not a loopback"):
        start_seaweed(tmp_path, "0.0.0.0", 1, *KEYS, tmp_path / "log")


def test_a_server_that_died_is_noticed() -> None:
    """Waiting for a process that has ended raises at once."""
    dead: subprocess.Popen[bytes] = SimpleNamespace(poll=lambda: 3)  # type: ignore[assignment]  # all that is asked
    with pytest.raises(ConfigError, match="exit code 3"):
        wait_ready("127.0.0.1", free_port(), dead)
