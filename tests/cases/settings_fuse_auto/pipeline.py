"""`fuse="auto"`: a step shares the task of the one before it where nothing but the number of tasks is different."""

from pipec import pipeline, step


@step
def read(n: int) -> list[int]:
    return list(range(n))


@step
def doubled(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


@step
def total(numbers: list[int], start: int = 0) -> int:
    return sum(numbers, start)


@step(retries=1)
def fetched(number: int) -> dict[str, int]:
    return {"number": number}


@step(fuse=False)
def label(found: dict[str, int]) -> str:
    return f"number {found['number']}"


@step
def announce(text: str) -> None:
    print(text)


@step
def shout(text: str) -> str:
    return text.upper()


@pipeline(defaults={"fuse": "auto"})
def settings_fuse_auto(n: int = 4) -> list[object]:
    first = total(doubled(read(n)))
    numbers = read(n + 1)
    again = [total(doubled([number, *numbers]), start=n) for number in range(n)]
    text = label(fetched(first))
    if first > 5:
        loud = shout(f"{text}!")
        announce(loud)
    else:
        loud = shout(shout(text))
    return [first, again, text, loud]
