"""Steps with packages and a Python version of their own, among others that have none."""

from pathlib import Path

import numpy as np

from pipec import pipeline, step

ISOLATED = {"airflow": {"isolation": "virtualenv"}}
OFFSET = 10


def shifted(values: list[int]) -> list[int]:
    return [value + OFFSET for value in values]


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step(packages=["numpy==1.26.4"], targets=ISOLATED)
def squares(values: list[int], offset: int = OFFSET):
    return np.array(shifted(values)) ** 2 + offset


@step(packages=["numpy==1.26.4"], targets=ISOLATED)
def bounds(array) -> tuple[int, float]:
    return array.min(), float(array.mean())


@step(targets=ISOLATED)
def write(low: int, mean: float, *, title: str = "bounds") -> Path:
    file = Path("bounds.txt")
    file.write_text(f"{title} {low} {mean:g}")
    return file


@step
def read(file: Path) -> str:
    return file.read_text()


@step(targets=ISOLATED)
def half(value: int) -> float:
    return value / 2


@step
def total(array) -> int:
    return int(array.sum())


@pipeline
def settings_isolation(n: int = 3) -> dict[str, object]:
    array = squares(numbers(n))
    low, mean = bounds(array)
    halves = [half(value + 1) for value in numbers(n)]
    return {"text": read(write(low, mean)), "total": total(array), "halves": halves}
