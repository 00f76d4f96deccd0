"""The tasks depend on what a file says."""

from pipec import pipeline, step


@step
def hello():
    print("hello")


@pipeline
def static_one():
    hello()
