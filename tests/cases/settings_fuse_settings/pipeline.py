"""The settings of steps that share a task: the largest of each resource, all time limits together, equal retries."""

from pathlib import Path

from pipec import Retry, pipeline, step

MODE = {"MODE": "fast"}
PLACE = {"disk": "ssd"}


@step(fuse="transfer", retries=Retry(2, delay="5s"), timeout="60s", cpu=2, memory="1Gi", env=MODE, node_selector=PLACE)
def fetch(n: int) -> list[int]:
    return list(range(n))


@step(fuse="transfer", retries=Retry(2, delay="5s"), timeout="30s", memory="4Gi", env=MODE, node_selector=PLACE)
def store(numbers: list[int], folder: str) -> int:
    mark = Path(folder, "mark")
    if not mark.exists():
        mark.touch()
        raise ConnectionError("try again")
    return len(numbers)


@step(fuse="scoring", cache="7d")
def scored(n: int) -> list[int]:
    return [n, n * n]


@step(fuse="scoring", cache="7d")
def best(scores: list[int]) -> int:
    return max(scores)


@pipeline
def settings_fuse_settings(folder: str, n: int = 3) -> list[int]:
    return [store(fetch(n), folder), best(scored(n))]
