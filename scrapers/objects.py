"""The object store that raw pages and tables live in: a thin, typed layer over boto3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class ObjectStore:
    """Objects of one bucket under one prefix. Keys given and returned are relative to the prefix.

    Endpoint, region and credentials come from the standard AWS environment (AWS_ENDPOINT_URL_S3, ...).
    """

    def __init__(self, bucket: str, prefix: str = "", client: S3Client | None = None) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        path_style: Literal["path", "auto"] = "path" if os.environ.get("AWS_ENDPOINT_URL_S3") else "auto"
        self.client: S3Client = client or boto3.client(
            "s3",
            config=Config(
                s3={"addressing_style": path_style},
                retries={"mode": "standard", "max_attempts": 4},
                connect_timeout=5,
                read_timeout=60,
            ),
        )

    @classmethod
    def from_env(cls) -> ObjectStore:
        """The store named by VIGIL_BUCKET (default `vigil`) and VIGIL_PREFIX."""
        return cls(os.environ.get("VIGIL_BUCKET", "vigil"), os.environ.get("VIGIL_PREFIX", ""))

    def uri(self, key: str) -> str:
        """`s3://bucket/prefix/key`."""
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def ensure_bucket(self) -> None:
        """Make the bucket unless it is there."""
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self.client.create_bucket(Bucket=self.bucket)

    def put_once(self, key: str, body: bytes | IO[bytes], content_type: str) -> bool:
        """Write `key` unless it exists. False: it exists, and the stored object is the truth."""
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=self.prefix + key,
                Body=body,
                ContentType=content_type,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412) and self.exists(key):
                return False
            raise
        return True

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write or replace `key`."""
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """The whole object. Raises botocore's NoSuchKey."""
        return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, by one ranged GET."""
        span = f"bytes={offset}-{offset + length - 1}"
        return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key, Range=span)["Body"].read()

    def exists(self, key: str) -> bool:
        """Whether `key` is there."""
        try:
            self.client.head_object(Bucket=self.bucket, Key=self.prefix + key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def modified(self, key: str) -> datetime:
        """When the object was written, by the store's clock (aware UTC)."""
        return self.client.head_object(Bucket=self.bucket, Key=self.prefix + key)["LastModified"]

    def list(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix`, in key order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + prefix
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"].removeprefix(self.prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        """Names one level below `prefix` (which ends with `/`), without slashes."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + prefix, Delimiter="/"
        )
        for page in pages:
            for item in page.get("CommonPrefixes", []):
                yield item["Prefix"].removeprefix(self.prefix + prefix).strip("/")
