from functools import partial
from types import SimpleNamespace

from pipec import pipeline, step

FACTOR = 3
NAMES = ("a", "b")


def scaled(value, offset=0, *, n):
    """Uses a parameter, a constant and an artifact."""
    return value * FACTOR + n + offset


def described(*, label, n):
    return f"{label}:{scaled(1, n=n)}"


def shout(text):
    return text.upper()


def doubled(*, n):
    return n * 2


def remember(self, value):
    self.memory = value
    self.count = self.count + 1


@step
def start(n: int) -> tuple[object, object]:
    label = shout("x")
    value = scaled(10, offset=1, n=n)
    return label, value


@step
def middle(label, n: int) -> tuple[object, object, object, int]:
    text = described(label=label, n=n) + NAMES[0] + shout("b")
    twice = doubled(n=n)
    all_scaled = list(map(partial(scaled, n=n), [1, 2]))
    count = 0
    return text, twice, all_scaled, count


@step
def remembering(value, count: int) -> tuple[object, object]:
    self = SimpleNamespace(value=value, count=count)
    # a helper that sets artifacts
    remember(self, self.value)
    remember(self, self.value + 1)
    return getattr(self, "memory", None), self.count


@step
def end(text, memory, count):
    print(text, memory, count)


@pipeline
def helpers(n: int = 2):
    """Constants, methods, properties and static methods of the class."""
    label, value = start(n)
    text, twice, all_scaled, count = middle(label, n)
    memory, count = remembering(value, count)
    end(text, memory, count)
    return {
        "label": label,
        "value": value,
        "text": text,
        "twice": twice,
        "all_scaled": all_scaled,
        "count": count,
        "memory": memory,
    }
