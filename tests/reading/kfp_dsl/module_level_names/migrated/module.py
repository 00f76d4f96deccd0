"""Migrated from the compiled pipeline "module-level-names"."""

import json
import math as m
from statistics import mean
from typing import Optional

from pipec import pipeline, step


# the limit of everything
LIMIT = 10

FACTORS = [LIMIT, 2]


def clip(n: Optional[int]):
    # a helper
    return min(n, LIMIT) * FACTORS[0]


@step(image="python:3.11", cache=True)
def complete(n: int) -> int:
    import math

    def inner(k):
        return k + n

    return sum(inner(k) for k in range(math.floor(n)))


@step(image="python:3.11", cache=True)
def incomplete(n: int) -> int:
    print(json.dumps({"n": n}), mean([n, n]))
    return clip(n) + m.ceil(n)


@pipeline(name="module-level-names")
def module_level_names(n: int = 3):
    complete_result = complete(n)
    clipped = incomplete(n)
    complete_2 = complete(clipped)
