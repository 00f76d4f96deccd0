"""Values of the run in conditions, loops, groups, conversions of results, and attempts in mapped tasks."""

from pipec import Retry, pipeline, run, step


@step(retries=Retry(1, delay="1s"))
def second(x: int, attempt: int) -> str:
    if attempt < 2:
        raise RuntimeError("too early")
    return f"{x} {attempt}"


@step
def size(text: str) -> int:
    return len(text)


@pipeline
def inner(day: str, again: int) -> list[int]:
    return [size(day), again]


@pipeline
def run_places() -> list[object]:
    tries = [second(x, run.attempt) for x in (1, 2)]
    more = []
    for x in (3, 4):
        label = second(x, run.attempt)
        more.append(size(label))
    parts = [size(part) for part in run.date.split("-")]
    if run.date > "2020" and run.id:
        later = size(run.date)
    else:
        later = -1
    return [tries, more, parts, later, inner(run.date, 1), len(run.id) > 0]
