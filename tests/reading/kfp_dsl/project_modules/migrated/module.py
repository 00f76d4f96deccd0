"""Migrated from the compiled pipeline "project"."""

from pipec import pipeline, step


@step(image="python:3.12", cache=True)
def load(path: str) -> str:
    return path


@step(image="python:3.11", cache=True)
def score(data: str, name: str) -> float:
    # in a module of its own
    return float(len(data + name))


@pipeline
def project():
    data = load("gs://bucket/data")
    score_result = score(data=data, name="model-0")
    score_2 = score(data=data, name="model-1")
