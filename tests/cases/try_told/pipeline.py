"""Who is told of the failures of a step is not told of one that a `try` has caught: nothing has failed, for the target."""

from pipec import pipeline, step


def page(message: str) -> None:
    print("PAGE", message)


@step(on_failure=page)
def divide(n: int) -> int:
    return 12 // n


@pipeline
def try_told(n: int = 0) -> str:
    try:
        result = str(divide(n))
    except Exception as error:
        result = str(error)
    return result
