"""Proof that a store honours conditional writes."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from processing.errors import ConfigError, Retry
from processing.lake.access import endpoint, one_line, unreachable
from scrapers.objects import ObjectStore

RACERS = 16


def check_store(store: ObjectStore) -> None:
    """Prove that the store honours If-None-Match, without which tables lose rows silently.

    A second conditional put must be refused, and of 16 at once exactly one may win. Raises ConfigError if
    not, Retry if the store does not answer. Leaves nothing behind.
    """
    key = f"selftest/{secrets.token_hex(8)}"
    try:
        answers = [_conditional_put(store, f"{key}-twice") for _ in range(2)]
        with ThreadPoolExecutor(RACERS) as racers:
            won = sum(racers.map(lambda _: _conditional_put(store, f"{key}-race"), range(RACERS)))
        for suffix in ("twice", "race"):
            store.client.delete_object(Bucket=store.bucket, Key=f"{store.prefix}{key}-{suffix}")
    except BotoCoreError as error:
        raise Retry(unreachable(error)) from None
    except ClientError as error:
        raise ConfigError(f"object store {endpoint()}, bucket {store.bucket}: {one_line(error)}") from None
    if answers != [True, False] or won != 1:
        found = (
            "took a second put of the same key" if answers[1] else f"let {won} of {RACERS} racing puts win"
        )
        raise ConfigError(
            f"object store {endpoint()} {found}: it ignores `If-None-Match: *`, and tables on it lose rows "
            "silently. Use AWS S3 or SeaweedFS 4.48 or newer"
        )


def _conditional_put(store: ObjectStore, key: str) -> bool:
    """Whether the put won. A store may also answer a race with 409 (AWS), which did not win."""
    try:
        store.client.put_object(Bucket=store.bucket, Key=store.prefix + key, Body=b"x", IfNoneMatch="*")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
            return False
        raise
    return True
