"""A step that fails on every attempt fails the run once its retries are used up; what needs it does not run."""

from pipec import pipeline, step


@step(retries=1)
def broken(n: int) -> int:
    raise RuntimeError(f"cannot read shard {n}")


@step
def after(n: int) -> int:
    return n


@pipeline
def retries_exhausted(n: int = 7) -> int:
    return after(broken(n))
