"""Which module of the project a name comes from must be known at build time."""

import os

from pipec import pipeline, step

if os.environ.get("FAST"):  # PC111
    from fast import compute
else:
    from slow import compute

try:  # PC111
    from library_inside import more
except ImportError:
    from slow import compute as more


@step
def work(n: int) -> int:
    return compute(n) + more(n)


@pipeline
def p(n: int = 3) -> int:
    return work(n)
