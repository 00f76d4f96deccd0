"""Migrated from the compiled pipeline "conditions"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return 2 * n


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@step(image="python:3.11", cache=True)
def flip(side: str) -> str:
    return side


@pipeline
def conditions(n: int = 3, rate: float = 0.5, ready: bool = True, side: str = "heads") -> str:
    if n > 2:
        double_result = double(n)
        if double_result >= 6:
            show_2 = show(f"{double_result} is large")
    if ready:
        show_3 = show("ready")
    if rate != 0.25:
        show_4 = show("another rate")
    flip_result = flip(side)
    if flip_result == "heads":
        flip_2 = flip("one")
    elif flip_result == "it is":
        flip_2 = flip("two")
    else:
        flip_2 = flip("three")
    show_done = show(flip_2)
    return flip_2
