"""A hook is a function of the project that is called with a message alone, and not about itself."""

from pipec import Deadline, pipeline, step


def tell(message: str) -> None:
    print(message)


def tell_both(channel: str, message: str) -> None:
    print(channel, message)


@step(on_failure="tell")  # PC210
def named(n: int) -> int:
    return n


@step(on_failure=tell_both)  # PC210
def two(n: int) -> int:
    return n


@step(on_failure=three)  # PC210
def three(n: int) -> int:
    return n


@step(deadline=Deadline("1h", tell=tell_both))  # PC210
def late(n: int) -> int:
    return n


@step(deadline=Deadline("1h", tell=print))  # PC210
def later(n: int) -> int:
    return n


@step(deadline=Deadline("1h", latest))  # PC210
def latest(n: int) -> int:
    return n


@pipeline(on_failure=tell, on_success=print)  # PC210
def hooks(n: int = 1) -> int:
    return named(n) + two(n) + three(n) + late(n) + later(n) + latest(n)
