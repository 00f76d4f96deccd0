"""Steps in containers of Docker on Airflow, and what of their settings Docker can give."""

import os
from pathlib import Path

from pipec import GPU, pipeline, step

DOCKER = {"airflow": {"isolation": "docker"}}


def label(values: list[int]) -> str:
    return "-".join(map(str, values))


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step(
    image="registry.example.com/train:1",
    cpu="1500m",
    cpu_limit=4,
    memory="8Gi",
    memory_limit="16Gi",
    disk="20Gi",
    shm="1Gi",
    gpu=GPU("a100", count=2),
    env={"MODE": "{{ ds }}.sh"},
    node_selector={"disk": "ssd"},
    tolerations=[{"key": "spot", "operator": "Exists"}],
    labels={"team": "vision"},
    annotations={"example.com/cost-center": "42"},
    service_account="trainer",
    targets=DOCKER,
)
def train(values: list[int]):
    return {os.environ["MODE"]: (label(values), float("nan"))}


@step(packages=["attrs>=23"], python="3.11", targets=DOCKER)
def write(weights) -> Path:
    file = Path("weights.txt")
    file.write_text(str(weights))
    return file


@step(targets=DOCKER)
def first(file: Path, name: str) -> str:
    return f"{name}: {file.read_text()}"


@pipeline
def settings_docker(n: int = 3) -> str:
    return first(write(train(numbers(n))), "weights.sh")
