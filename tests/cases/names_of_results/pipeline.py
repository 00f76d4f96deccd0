"""Results under the names under which Airflow keeps results of its own, several to a task."""

from pipec import pipeline, step


@step
def pair(n: int) -> tuple[int, list[int]]:
    return n, [n + 1]


@step
def risky(n: int) -> tuple[int, int]:
    return 12 // n, n


@pipeline
def names_of_results(n: int = 3) -> list[object]:
    return_value, skipmixin_key = pair(n)
    big = n > 2
    if big:
        result = [return_value, 1]
        error = skipmixin_key
    else:
        result = [0]
        error = [return_value]
    try:
        error_2, return_value_2 = risky(n)
    except Exception as failure:
        error_2, return_value_2 = 0, str(failure)
    doubled = [return_value * 2]
    return [return_value, skipmixin_key, result, error, error_2, return_value_2, doubled]
