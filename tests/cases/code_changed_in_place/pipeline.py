"""Module-level objects that loops and blocks change, and names that are bound again, mean what they mean on import."""

import os

from pipec import pipeline, step

TABLE = {}
for key in ("a", "b"):
    TABLE[key] = len(TABLE)

NAMES = []
while len(NAMES) < 2:
    NAMES.append("name")
with open(os.devnull) as nothing:
    NAMES.append(nothing.read())
LAST = NAMES.pop()

for variable in ("PIPEC_CASE",):
    os.environ[variable] = "set"

SHARE = 0.5
HALF = SHARE * 2
SHARE = 0.9


def weight(x: float) -> float:
    return x


_weight = weight


def weight(x: float) -> float:  # noqa: F811  # wraps the one above
    return _weight(x) + 1


@step
def look(n: int) -> list:
    return [TABLE["b"], NAMES, LAST, os.environ["PIPEC_CASE"], HALF, weight(n)]


@step
def limit(n: int) -> float:
    return HALF * n


@step
def share(n: int) -> float:
    return SHARE * n


@pipeline
def code_changed_in_place(n: int = 1) -> tuple[list, float, float]:
    return look(n), limit(n), share(n)


if __name__ == "__main__":
    SHARE = 7
    NAMES.append("main")
    print(code_changed_in_place())
