"""Migrated from the compiled pipeline "special"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def work(n: int, name: str):
    print(n, name)


@pipeline(name="special", targets={"kfp": {"displayName": "A special one"}})
def general(n: int = 5, name: str = "x"):
    work_done = work(n=n, name=name)
