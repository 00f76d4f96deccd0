"""Settings and defaults of pipelines are known at build time, or refused."""

import os

from pipec import pipeline, step


@step(memory=os.environ["MEMORY"])  # PC110
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = int(os.environ["N"])) -> int:  # PC110
    return work(n)
