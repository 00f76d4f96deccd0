"""All steps in virtual environments of their own: failures, arrays, folders, variables and retries arrive all the same."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipec import Cache, pipeline, step


@dataclass
class Limits:
    low: int
    high: int


@step(env={"UNIT": "m"}, cache=Cache(version="1"))
def lengths(n: int) -> np.ndarray:
    return np.arange(n) * len(os.environ["UNIT"])


@step
def limits(array: np.ndarray) -> Limits:
    return Limits(int(array.min()), int(array.max()))


@step
def parts(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return array[:1], array[-1:]


@step
def span(found: Limits) -> int:
    return found.high


@step(retries=1)
def risky(found: Limits) -> int:
    if found.high == 3:
        sys.exit(3)
    if found.high > 1:
        raise ValueError(f"{found.high} is too much")
    return found.high


@step
def told(message: str) -> str:
    return f"failed: {message}"


@step
def folder(array: np.ndarray) -> Path:
    made = Path("made")
    (made / "inner").mkdir(parents=True)
    (made / "inner" / "rows.txt").write_text(str(len(array)))
    return made


@step
def rows(made: Path) -> str:
    return (made / "inner" / "rows.txt").read_text()


@pipeline(targets={"airflow": {"isolation": "virtualenv"}})
def settings_isolation_all(n: int = 2) -> dict[str, object]:
    array = lengths(n)
    first, last = parts(array)
    try:
        found: object = risky(limits(array))
    except Exception as error:
        found = told(str(error))
    return {"found": found, "rows": rows(folder(first)), "high": span(limits(last))}
