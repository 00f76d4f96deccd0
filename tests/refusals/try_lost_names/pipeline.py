"""Names of which nobody knows whether the `try` has bound them."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def in_the_handler(n: int = 1) -> int:
    found = 0
    try:
        found = work(n)
        other = work(found)
    except Exception:
        other = found  # PC202
    return other


@pipeline
def after_the_try(n: int = 1) -> int:
    found = 0
    try:
        found = work(n)
        work(found)
    except Exception:
        pass
    return found  # PC202


@pipeline
def in_finally(n: int = 1) -> int:
    found = 0
    try:
        found = work(n)
    finally:
        work(found)  # PC202
    return found


@pipeline
def filled(n: int = 1) -> list:
    found = []
    try:
        found.append(work(n))
        work(n + 1)
    except Exception:
        found.append(0)  # PC202
    return found
