"""The last items are done first, and the results keep the order of the items."""

import time

from pipec import pipeline, step


@step
def wait_and_square(n: int) -> int:
    time.sleep(0.3 if n < 3 else 0)
    return n * n


@pipeline
def fanout_out_of_order() -> list[int]:
    return [wait_and_square(n) for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)]
