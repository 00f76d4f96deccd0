"""A handler runs when a step of the body has failed for good; what both bind is merged."""

from pipec import pipeline, step


@step
def parse(text: str) -> int:
    return int(text)


@step
def double(number: int) -> int:
    return number * 2


@step
def note(text: str) -> None:
    print(text)


@pipeline
def try_except(text: str = "21") -> str:
    try:
        number = parse(text)
        result = double(number)
    except Exception as error:
        note(f"not parsed: {error}")
        result = -1
    return f"result {result}"
