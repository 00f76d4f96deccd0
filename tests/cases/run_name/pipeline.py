"""`run.name`: what people look a run up by, which has the name of the pipeline or flow in it."""

from pipec import pipeline, run, step


@step
def report(rows: int, title: str) -> str:
    return f"{rows} rows, {len(title) > len('weekly')}, {'weekly' in title.lower()}"


@step
def same(one: str, other: str) -> bool:
    return one == other


@pipeline
def weekly(run_id: str):
    return same(run_id, run.id)


@pipeline(name="weekly-report")
def run_name(rows: int = 3) -> list[object]:
    text = report(rows, run.name)
    if run.name.endswith("-never"):
        text = report(0, f"{run.name}!")
    return [text, report(1, f"run {run.name}"), weekly(run.id)]
