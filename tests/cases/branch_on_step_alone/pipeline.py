"""A step that is asked for nothing but whether to go on: on Airflow it short-circuits the DAG itself."""

from pipec import pipeline, step


@step
def load(n: int) -> int:
    return n + 1


@step(retries=1)
def is_odd(n: int, least: int = 0) -> bool:
    if n < least:
        raise ValueError(f"{n} is too small")
    return n % 2 == 1


@step
def note(text: str) -> None:
    return None


@pipeline
def branch_on_step_alone(n: int = 2):
    rows = load(n)
    more = load(rows)
    odd = is_odd(rows, least=1)
    if odd:
        note(f"{rows} is odd, {more} is not")
        if rows > 5:
            note("large")
