"""Migrated from the compiled pipeline "my-pipeline-the-second"."""

from pipec import pipeline, step


@step(image="python:3.12", cache=True)
def train(n: int) -> int:
    return n


@step(image="python:3.11", cache=True)
def Train_Model(n: int) -> int:
    return n


@pipeline(name="my-pipeline-the-second")
def names(n: int = 1):
    train_2 = train(2)
    first = Train_Model(n)
    second = Train_Model(first)
    train_result = train(second)
