"""Migrated from the compiled pipeline "from-the-environment"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True, packages=["numpy"])
def work(n: int):
    print(n)


@pipeline(name="from-the-environment")
def from_the_environment():
    work_done = work(1)
