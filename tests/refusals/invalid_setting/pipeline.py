"""Values that a setting cannot have."""

from pipec import Deadline, Retry, pipeline, step


@step(memory="4 gigs")  # PC210
def a(n: int) -> int:
    return n


@step(retries=-1)  # PC210
def b(n: int) -> int:
    return n


@step(timeout="soon")  # PC210
def c(n: int) -> int:
    return n


@step(retries=Retry(2, delay="x"))  # PC210
def d(n: int) -> int:
    return n


@step(targets={"airflwo": {"pool": "gpu"}})  # PC210
def e(n: int) -> int:
    return n


@step(deadline=Deadline("x"))  # PC210
def g(n: int) -> int:
    return n


@step(fuse="no name")  # PC210
def f(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    return g(f(e(d(c(b(a(n)))))))
