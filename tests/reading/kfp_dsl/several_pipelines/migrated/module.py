"""Migrated from the compiled pipeline "loading"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def load(n: int) -> int:
    return n


@pipeline
def loading(n: int = 1):
    load_result = load(n)


@step(image="python:3.11", cache=True)
def score(n: int) -> float:
    return n / 2


@pipeline
def scoring(n: int = 1):
    load_result = load(n)
    score_result = score(load_result)
