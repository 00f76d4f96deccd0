"""Migrated from the compiled pipeline "ordered"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def step_2(name: str):
    print(name)


@pipeline
def ordered():
    a = step_2("a")
    with parallel(after=a):
        b = step_2("b")
    with parallel(after=b):
        c = step_2("c")
    # Shown as 'The last one'.
    with parallel(after=c):
        d = step_2("d")
    with parallel(after=d):
        step_5 = step_2("e")
