"""A shared task fails with the step that fails: what stands before it has run, and what stands behind it has not."""

from pipec import pipeline, step


@step(fuse="parsing")
def read(text: str) -> list[str]:
    return text.split()


@step(fuse="parsing")
def parsed(words: list[str]) -> list[int]:
    return [int(word) for word in words]


@step(fuse="parsing")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@step(fuse="guarded")
def checked(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


@step(fuse="guarded")
def root(number: int) -> float:
    return number**0.5


@step
def shown(number: float) -> str:
    return f"{number:g}"


@pipeline
def settings_fuse_failure(text: str = "4 5") -> str:
    number = total(parsed(read(text)))
    try:
        result = shown(root(checked(number)))
    except Exception as error:
        result = f"no root: {error}"
    return result
