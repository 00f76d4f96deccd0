"""Code that depends on where its module lies has no meaning in a task."""

from pathlib import Path

from pipec import pipeline, step

FOLDER = Path(__file__).parent  # PC111


@step
def work(n: int) -> str:
    return str(sorted(FOLDER.glob("*.csv"))[n])


@pipeline
def p(n: int = 3) -> str:
    return work(n)
