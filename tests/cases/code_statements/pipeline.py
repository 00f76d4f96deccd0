"""Statements of every kind bind names at the top level: what is bound in them goes with the steps that use it."""

import sys

from pipec import pipeline, step

MODE = "fast"
match {"mode": MODE, "more": 1}:
    case {"mode": "fast" as chosen, **others}:
        SPEED = 10
    case _:
        SPEED = 1

SIZES = [last := size * 2 for size in range(3)]
if (count := len(SIZES)) > 2:
    MANY = True

try:
    import a_module_that_is_not_there as fast
except ImportError:
    HAVE = "slow"

    def compute(n: int) -> int:
        return n + count
else:
    HAVE = "fast"

    def compute(n: int) -> int:
        return fast.compute(n)
finally:
    TRIED = True

if sys.version_info >= (3, 10):
    import json as encoder

    def encode(value: object) -> str:
        return encoder.dumps(value)
else:
    encoder = None

    def encode(value: object) -> str:
        return repr(value)


TOTAL = 1
BEFORE = TOTAL
TOTAL += 5
AFTER = TOTAL

RATE = 1


def build() -> list:
    return [RATE]


EARLY = build()
RATE = 2
LATE = build()

if __name__ != "__main__":
    ROLE = "imported"
if "__main__" == __name__:
    MODE = "script"
if __name__ in ("__main__",):
    RATE = 7

HELP = __doc__


@step
def bound(n: int) -> list:
    return [SPEED, chosen, others, last, MANY, compute(n), HAVE, TRIED, encode([n])]


@step
def changed(n: int) -> list:
    return [n, TOTAL, BEFORE, AFTER, EARLY, RATE, LATE, MODE, HELP.split()[0]]


@pipeline
def code_statements(n: int = 3) -> list:
    return [bound(n), changed(n)]
