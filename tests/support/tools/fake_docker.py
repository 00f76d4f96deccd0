"""A client of Docker whose containers are processes of this machine; it keeps what it is asked for."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from typing import Any


class Client:
    """What `DockerOperator` calls of `docker.APIClient`."""

    def __init__(self, name: str, asked: dict[str, Any], environment: dict[str, str]) -> None:
        self.name, self.asked, self.environment = name, asked, environment

    def images(self, name: str) -> list[str]:
        return [name]

    def create_host_config(self, **options: Any) -> Any:
        from docker.types import HostConfig

        return HostConfig(version="1.43", **options)  # what Docker's API would get

    def create_container(self, **options: Any) -> dict[str, str]:
        self.asked[self.name] = self.options = options
        return {"Id": "1"}

    def attach(self, **options: Any) -> Iterator[bytes]:
        return iter(())

    def start(self, container: str) -> None:
        options = self.options
        self.folder = tempfile.mkdtemp()
        env = {**self.environment, **options["environment"]}
        line = [*options["entrypoint"], *options["command"]]
        line = [text.replace("/tmp/answer.json", f"{self.folder}/answer.json") for text in line]
        self.done = subprocess.run(line, env=env, check=False)

    def wait(self, container: str) -> dict[str, int]:
        return {"StatusCode": self.done.returncode}

    def get_archive(self, container: str, path: str) -> tuple[list[bytes], dict[str, Any]]:
        from docker.errors import APIError

        file = os.path.join(self.folder, os.path.basename(path))
        if not os.path.exists(file):
            raise APIError("there is no such file")
        with io.BytesIO() as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(file, os.path.basename(path))
            return [packed.getvalue()], {"name": os.path.basename(path), "size": os.path.getsize(file)}

    def remove_container(self, container: str, force: bool = False) -> None:
        self.asked[self.name]["removed"] = True


def install(asked: dict[str, Any], environment: dict[str, str]) -> None:
    """Let every `DockerOperator` have this client. `asked`: task -> what its container is made with."""
    from airflow.providers.docker.operators.docker import DockerOperator

    clients: dict[int, Client] = {}

    def client(operator: Any) -> Client:
        return clients.setdefault(id(operator), Client(operator.task_id, asked, environment))

    DockerOperator.cli = property(client)
