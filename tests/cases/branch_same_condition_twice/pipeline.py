"""One condition decides in both arms of another, and again below: what was worked out in one arm is not there in the other."""

from pipec import pipeline, step


@step
def mark(name: str) -> str:
    return name.upper()


@pipeline
def branch_same_condition_twice(fast: bool = True, notes: list = []) -> list[str]:
    word = "none"
    if fast:
        if notes:
            word = mark("fast")
    else:
        if notes:
            word = mark("slow")
    if notes:
        word = mark(word)
    return [word]
