"""Migrated from the compiled pipeline "compile-time"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def load(region: str) -> str:
    return region


@step(image="python:3.11", cache=True)
def fit(data: str, depth: int, version: str = "v0") -> float:
    return 0.5


@step(image="python:3.11", cache=True)
def pick(scores: list):
    print(max(scores))


@pipeline(name="compile-time")
def compile_time():
    task = load("eu")
    # Shown as 'Fit small'.
    fitted = fit(data=task, depth=1, version="v1")
    # Shown as 'Fit large'.
    fitted_2 = fit(data=task, depth=3, version="v1")
    task_2 = load("us")
    # Shown as 'Fit small'.
    fitted_3 = fit(data=task_2, depth=1, version="v2")
    # Shown as 'Fit large'.
    fitted_4 = fit(data=task_2, depth=3, version="v2")
    # PC507: a whole number of a double in a text is shown with `.0`
    pick_done = pick([f"{fitted}", f"{fitted_2}", f"{fitted_3}", f"{fitted_4}"])
    task_3 = load("EU")
    with parallel(after=task_3):
        task_4 = load("1")
    with parallel(after=task_4):
        task_5 = load("EU")
    load_6 = load("eu")
    load_7 = load("r")
    load_8 = load("rr")
