"""What a `try` in a pipeline body may not have."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@step
def note(text: str) -> None:
    print(text)


@pipeline
def another_exception(n: int = 1) -> int:
    try:
        found = work(n)
    except ValueError:  # PC107
        found = 0
    return found


@pipeline
def two_handlers(n: int = 1) -> int:
    try:
        found = work(n)
    except Exception:
        found = 0
    except BaseException:  # PC107
        found = 1
    return found


@pipeline
def with_else(n: int = 1) -> int:
    try:
        found = work(n)
    except Exception:
        found = 0
    else:
        found = work(n + 1)  # PC107
    return found


@pipeline
def again(n: int = 1) -> int:
    try:
        found = work(n)
    except Exception:
        raise  # PC107
    return found


@pipeline
def exception_itself(n: int = 1) -> int:
    try:
        found = work(n)
    except Exception as e:
        note(e)  # PC108
        found = 0
    return found


@pipeline
def return_in_finally(n: int = 1) -> int:
    try:
        found = work(n)
    finally:
        return 0  # PC107
    return found
