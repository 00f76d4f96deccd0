"""Settings of the pipeline itself: name, description, tags, defaults for its steps."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@step(retries=0)
def once(n: int) -> int:
    return n


@pipeline(name="nightly-report", description="Numbers for the morning", tags=["demo", "a b"], defaults={"retries": 2})
def settings_pipeline(n: int = 3) -> int:
    return once(work(n))
