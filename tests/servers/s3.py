"""S3 by moto, in this process: real HTTP on loopback, conditional puts enforced."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer

_REGION: Final = "us-east-1"


@dataclasses.dataclass(frozen=True)
class Bucket:
    """An empty bucket, and how to reach it."""

    name: str
    endpoint: str

    @property
    def uri(self) -> str:
        return f"s3://{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """The usual AWS variables; deltalake takes the same as `storage_options`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "a-test",
            "AWS_SECRET_ACCESS_KEY": "of-this-machine",
            "AWS_REGION": _REGION,
            "AWS_ALLOW_HTTP": "true",
        }

    def client(self) -> Any:
        """Return boto3's client, for a test that looks at the objects themselves."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=_REGION,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def keys(self) -> list[str]:
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@contextlib.contextmanager
def s3_endpoint() -> Iterator[str]:
    """Yield the URL of a server that runs as long as the context."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else one line per request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make_bucket(endpoint: str, name: str) -> Bucket:
    bucket = Bucket(name, endpoint)
    bucket.client().create_bucket(Bucket=name)
    return bucket
