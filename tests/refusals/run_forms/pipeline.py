"""What `run` and `wait_for` do not have."""

from pipec import pipeline, run, step, wait_for


@step
def work(n: int) -> int:
    return n


@pipeline
def something_else() -> str:
    return run.owner  # PC108


@pipeline
def run_itself() -> int:
    return work(run)  # PC108


@pipeline
def waits(path: str = "x", pause: str = "5m") -> int:
    wait_for(path, every=pause)  # PC110
    wait_for()  # PC203
    done = wait_for(path)  # PC109
    return work(done)
