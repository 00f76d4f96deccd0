"""Migrated from the compiled pipeline "placeholders"."""

from pipec import pipeline, run, step


@step(image="python:3.11", cache=True)
def flip(side: str) -> str:
    return side


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@step(image="python:3.11", cache=True)
def total(numbers: list, factor: float = 1.5) -> float:
    return sum(numbers) * factor


@pipeline
def placeholders(n: int = 2, names: list = ["a"], rate: float = 0.5, ready: bool = True):
    flip_result = flip("x")
    show_done = show(f"{flip_result} and {n}, {('true' if ready else 'false')}")
    # PC507: a whole number of a double in a text is shown with `.0`
    # PC507: a list or a mapping in a text is shown as Python has it, not as JSON
    show_2 = show(f"{rate} {names}")
    show_3 = show(run.id)
    # PC507: the name that people gave to the run is that of its workflow
    show_4 = show(f"run {run.name}, task {'show-4'}")
    total_result = total(numbers=[f"{n}", 3])
