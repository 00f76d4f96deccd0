"""The body computes with values only: no files, no environment."""

import os

from pipec import pipeline, step


@step
def work(text: str) -> int:
    return len(text)


@pipeline
def p() -> list[int]:
    a = work(open("data.txt").read())  # PC109
    b = work(os.environ["HOME"])  # PC108
    return [a, b]
