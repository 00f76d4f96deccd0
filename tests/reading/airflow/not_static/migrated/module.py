"""The tasks depend on what a service says."""

from pipec import pipeline, step


@step
def hello():
    print("hello")


@pipeline
def static_one():
    hello()
