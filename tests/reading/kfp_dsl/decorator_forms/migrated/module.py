"""Migrated from the compiled pipeline "forms"."""

from pipec import pipeline, step


@step(
    image="python:3.11",
    cache=True,
    packages=["git+https://github.com/kubeflow/pipelines@refs/pull/1/merge#subdirectory=sdk/python"],
)
def five(n: int):
    print(n)


@step(image="python:3.11", cache=True)
def one() -> int:
    return 1


@step(
    image="registry.example.com/base:1",
    cache=True,
    env={
        "PIP_INDEX_URL": "https://pypi.example.com/simple",
        "PIP_EXTRA_INDEX_URL": "https://pypi.org/simple",
        "PIP_TRUSTED_HOST": "pypi.example.com",
    },
    packages=["numpy"],
)
def two(n: int) -> int:
    return n * 2


@step(image="python:3.10", cache=True)
def three(n: int) -> int:
    return n + 3


@step(image="python:3.11", cache=True)
def four(n: int):
    print(n)


@pipeline
def forms():
    five_done = five(4)
    first = one()
    second = two(first)
    third = three(second)
    four_done = four(third)
