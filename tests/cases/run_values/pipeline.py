"""`run.id`, `run.date` and `run.attempt`: the orchestrator's own run, the day, and the attempt of the step."""

from pipec import Retry, pipeline, run, step


@step(retries=Retry(2, delay="1s"))
def flaky(attempt: int, label: str) -> str:
    if attempt < 3:
        raise RuntimeError(f"attempt {attempt}")
    return f"{label} {attempt}"


@step
def name(run_id: str) -> bool:
    return isinstance(run_id, str) and len(run_id) > 0


@pipeline
def run_values() -> list[object]:
    return [
        name(run.id),
        [len(part) for part in run.date.split("-")],
        flaky(run.attempt, f"attempt of {len(run.date)}"),
        run.attempt,
    ]
