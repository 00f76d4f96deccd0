"""An S3 that keeps everything in memory, and a Batch with one queue: enough for a deployer to upload and register."""

from __future__ import annotations

import email.utils
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlparse

SECRETS = {"shop": {"API-TOKEN": "42", "OTHER": "x"}}
"""What the Secrets Manager knows."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    definitions: ClassVar[list[dict[str, Any]]] = []
    """The job definitions that were registered."""
    machines: ClassVar[str] = "EC2"
    """What the queue's jobs run on: "EC2" or "FARGATE"."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        body = self.objects.get(urlparse(self.path).path)
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>", Content_Type="application/xml")
        else:
            self._answer(200, body, ETag=_etag(body), Last_Modified=email.utils.formatdate(usegmt=True))

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        encodings = f"{self.headers.get('Content-Encoding')} {self.headers.get('Transfer-Encoding')}"
        chunked = "chunked" in encodings
        body = b"".join(self._chunks()) if chunked else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.objects[urlparse(self.path).path] = body
        self._answer(200, ETag=_etag(body))

    def do_POST(self) -> None:
        """The operations of Batch, Step Functions and Secrets Manager that Metaflow needs."""
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        operation = urlparse(self.path).path.rpartition("/")[2] or self.headers["X-Amz-Target"].rpartition(".")[2]
        if operation == "describejobqueues":
            order = [{"order": 1, "computeEnvironment": "machines"}]
            answer: dict[str, Any] = {
                "jobQueues": [{"jobQueueName": asked["jobQueues"][0], "computeEnvironmentOrder": order}]
            }
        elif operation == "describecomputeenvironments":
            answer = {"computeEnvironments": [{"computeResources": {"type": self.machines}}]}
        elif operation == "describejobdefinitions":
            answer = {"jobDefinitions": []}
        elif operation == "registerjobdefinition":
            self.definitions.append(asked)
            name = f"arn:aws:batch:us-east-1:1:job-definition/{asked['jobDefinitionName']}:1"
            answer = {"jobDefinitionArn": name, "jobDefinitionName": asked["jobDefinitionName"], "revision": 1}
        elif operation == "GetSecretValue":
            answer = {"Name": asked["SecretId"], "SecretString": json.dumps(SECRETS[asked["SecretId"]])}
        elif operation == "ListStateMachines":
            answer = {"stateMachines": []}
        else:
            self._answer(404)
            return
        self._answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


@contextmanager
def fake_s3() -> Iterator[str]:
    """The address of a fresh one."""
    with fake_aws() as (address, _):
        yield address


@contextmanager
def fake_aws(machines: str = "EC2") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a fresh one, and the job definitions that it has been told of."""
    definitions: list[dict[str, Any]] = []
    own = {"objects": {}, "definitions": definitions, "machines": machines}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), own))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", definitions
    finally:
        server.shutdown()
        server.server_close()
