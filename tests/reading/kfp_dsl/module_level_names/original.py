import json
import math as m
from statistics import mean
from typing import Optional

from kfp import dsl

# the limit of everything
LIMIT = 10
FACTORS = [LIMIT, 2]


def clip(n: Optional[int]):
    # a helper
    return min(n, LIMIT) * FACTORS[0]


@dsl.component
def complete(n: int) -> int:
    import math

    def inner(k):
        return k + n

    return sum(inner(k) for k in range(math.floor(n)))


@dsl.component
def incomplete(n: int) -> int:
    print(json.dumps({"n": n}), mean([n, n]))
    return clip(n) + m.ceil(n)


@dsl.pipeline(name="module-level-names")
def module_level_names(n: int = 3):
    complete(n=n)
    clipped = incomplete(n=n)
    complete(n=clipped.output)
