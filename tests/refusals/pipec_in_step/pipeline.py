"""Generated code does not import pipec, so that steps use nothing of it but its annotations."""

import pipec
from pipec import Dataset, pipeline, run, step


@step
def work(n: int) -> list:
    return [run.id, n]  # PC111


@step
def ask(n: int) -> list:
    return [pipec.GPU("a100"), n]  # PC111


@step
def path(n: int) -> pipec.Dataset:
    Dataset("x.txt").write_text(str(n))
    return Dataset("x.txt")


@pipeline
def p(n: int = 3) -> list:
    return [work(n), ask(n), path(n)]
