"""`run` in a sub-pipeline that is called for each item, behind an effect."""

from pipec import pipeline, run, step


@step
def label(n: int, run_id: str, day: str) -> str:
    return f"{n} {len(run_id) > 0} {len(day)}"


@step
def note(n: int) -> None:
    return None


@pipeline
def labelled(n: int) -> str:
    return label(n, run.id, run.date)


@pipeline
def run_values_in_group(xs: list[int] = [1, 2]) -> list[str]:
    found = []
    for x in xs:
        note(x)
        if x > 0:
            found.append(labelled(x))
    return found
