from pathlib import Path

from pipec import pipeline, step


@step
def start(data: str) -> list[int]:
    numbers = [int(line) for line in data.split()]
    return numbers


@step
def end(numbers: list[int]):
    print(sum(numbers))


@pipeline
def include(data: str = Path(__file__).with_name("data.csv").read_text(encoding="utf-8")):
    """Args:
    data: Numbers. (Its content.)
    """
    numbers = start(data)
    end(numbers)
    return {"numbers": numbers}
