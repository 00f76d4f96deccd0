"""Stand-ins for the operators that start containers, in runs here: a process with the Python of the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

POD = (
    "image", "secrets", "container_resources", "node_selector", "tolerations", "labels", "annotations",
    "service_account_name", "priority_class_name", "volumes", "volume_mounts", "startup_timeout_seconds", "deferrable",
)  # fmt: skip
DOCKER = ("image", "cpus", "mem_limit", "shm_size", "device_requests", "labels", "auto_remove", "mount_tmp_dir")
"""Settings of containers, which no process has."""
GIVEN = 4
"""Arguments of the program in a container: step, place of the result, code, call; not the packages behind."""


def install(base: type) -> None:
    """Put stand-ins, operators of Airflow's `base`, where DAG files import theirs. Only for a process of its own."""

    class Process(base):  # type: ignore[misc]
        settings: tuple[str, ...] = ()

        def __init__(self, **options: Any) -> None:
            self.env_vars = options.pop("env_vars", None)
            self.environment = options.pop("environment", None)
            self.retrieve_output_path = options.pop("retrieve_output_path", "")
            for name in (*self.settings, "retrieve_output"):
                options.pop(name, None)
            super().__init__(**options)

        def execute(self, context: Any) -> Any:
            return ran(self)

    class KubernetesPodOperator(Process):
        settings = POD
        template_fields = ("env_vars",)

    class DockerOperator(Process):
        settings = DOCKER
        template_fields = ("environment",)

    for name, attributes in (
        ("airflow.providers.cncf.kubernetes.operators.pod", {"KubernetesPodOperator": KubernetesPodOperator}),
        ("airflow.providers.docker.operators.docker", {"DockerOperator": DockerOperator}),
        ("airflow.providers.cncf.kubernetes.secret", {"Secret": _Described}),
        ("docker.types", {"DeviceRequest": _Described}),
        ("kubernetes.client", {"models": _Models()}),
    ):
        module = types.ModuleType(name)
        vars(module).update(attributes)
        sys.modules[name] = module


class _Described:
    """What describes a container to a client that is not there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        pass


class _Models:
    def __getattr__(self, name: str) -> type[_Described]:
        return _Described


def ran(operator: Any) -> Any:
    """Run what the container would run, without its packages; what it answers. `RuntimeError` where it fails."""
    docker = hasattr(operator, "entrypoint")
    program, given = (operator.entrypoint, operator.command) if docker else (operator.cmds, operator.arguments)
    # Kubernetes makes one dollar of two
    env = {name: text.replace("$$", "$") for name, text in (operator.env_vars or {}).items()}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "answer.json")
        step, _, *texts = given[:GIVEN]
        command = [sys.executable, *program[1:], step, str(result), *texts]
        env = {**os.environ, **(operator.environment or {}), **env}
        status = subprocess.run(command, env=env, check=False).returncode
        if status:
            raise RuntimeError(f"the container of the step has ended with status {status}")
        return json.loads(result.read_text()) if result.exists() else None
