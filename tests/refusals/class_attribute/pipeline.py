"""Members of enums and constants of classes are for steps; a body says what they stand for."""

from enum import Enum, auto

from pipec import pipeline, step


class Split(Enum):
    TRAIN = "train"


class Order(Enum):
    FIRST = auto()


class Limits:
    rows: int = 1000


@step
def part(split: str, rows: int = 1) -> int:
    return rows if Split(split) is Split.TRAIN else 0


@pipeline
def p(n: int = 3) -> list[int]:
    a = part(Split.TRAIN)  # PC108
    b = part(Split.TRAIN.value)  # PC108
    c = part("train", Limits.rows)  # PC108
    d = part("train", n if Order.FIRST else 0)  # PC108
    e = part("train", Limits)  # PC108
    return [a, b, c, d, e, part("train", 1000)]
