"""Migrated from the compiled pipeline "exit-handler"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def flip(side: str) -> str:
    return side


@step(image="python:3.11", cache=True)
def fail(text: str) -> str:
    raise ValueError(text)


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline(name="exit-handler")
def exit_handler(text: str = "bye"):
    try:
        flip_result = flip("x")
        fail_result = fail(flip_result)
    finally:
        show_done = show(text)
