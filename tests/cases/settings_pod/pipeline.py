"""Steps in pods of their own on Airflow, with all that a pod may have, among others in the worker."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipec import GPU, Retry, Secret, pipeline, step

POD = {"airflow": {"isolation": "pod"}}
SCALE = 10


@dataclass
class Model:
    weights: list[float]
    label: str


def scaled(values: list[int]) -> list[float]:
    return [value * SCALE for value in values]


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step(
    image="registry.example.com/train:1",
    cpu=2,
    cpu_limit="3500m",
    memory="8Gi",
    memory_limit="16Gi",
    disk="20Gi",
    shm="1Gi",
    gpu=GPU("a100", count=2),
    retries=Retry(2, delay="30s", backoff=2),
    timeout="2h",
    env={"MODE": "fast", "PRICE": "$(HOME) {{ ds }}"},
    secrets={"TOKEN": Secret("hf", key="token")},
    node_selector={"disk": "ssd"},
    tolerations=[{"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    labels={"team": "vision"},
    annotations={"example.com/cost-center": "42"},
    service_account="trainer",
    priority="high",
    targets=POD,
)
def train(values: list[int]) -> Model:
    return Model(scaled(values), f"{os.environ['MODE']} {os.environ['PRICE']}")


@step(targets=POD)
def describe(model: Model, *, file_name: str = "model.txt") -> tuple[Path, int]:
    file = Path(file_name)
    file.write_text(f"{model.label}: {sum(model.weights):g}")
    return file, len(model.weights)


@step
def read(file: Path) -> str:
    return file.read_text()


@step(packages=["attrs>=23"], python="3.11", targets=POD)
def halved(value: int) -> tuple[float, str]:
    return value / 2, "half"


@step(retries=1, targets=POD)
def inverted(value: int) -> float:
    return 1 / value


@step(cache="7d", targets=POD)
def size(model: Model) -> int:
    return len(model.weights)


@pipeline
def settings_pod(n: int = 3) -> dict[str, object]:
    model = train(numbers(n))
    file, count = describe(model, file_name="notes.json")
    halves = [halved(value + 1) for value in numbers(n)]
    try:
        inverse = inverted(n - 3)
    except Exception as error:
        inverse = str(error)
    return {"text": read(file), "count": count + size(model), "halves": halves, "inverse": inverse}
