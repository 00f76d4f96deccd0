"""A step may take any number of positional and named arguments; `**` spreads a constant."""

from pipec import pipeline, step


@step
def one(value: int) -> int:
    return value


@step
def describe(title: str, *numbers: int, **options: str) -> str:
    return f"{title}: {list(numbers)} {sorted(options.items())}"


@pipeline
def task_star_arguments() -> list[str]:
    a = one(1)
    b = one(2)
    first = describe("both", a, b, colour="red")
    second = describe("none")
    third = describe("spread", b, **{"colour": "blue", "size": "L"})
    return [first, second, third]
