"""Migrated from the compiled pipeline "exit-handlers"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def flip(side: str) -> str:
    return side


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline(name="exit-handlers")
def exit_handlers():
    with parallel():
        try:
            flip_result = flip("a")
        finally:
            show_done = show("first is over")
        try:
            flip_2 = flip("b")
        finally:
            show_2 = show("second is over")
