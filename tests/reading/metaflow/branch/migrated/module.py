from pipec import pipeline, step


@step
def start() -> list[int]:
    numbers = [3, 1, 2]
    return numbers


@step
def low(numbers: list[int]):
    found = min(numbers)
    return found


@step
def high(numbers: list[int]):
    found = max(numbers)
    return found


@step
def join(founds, numbers_0: list[int], high_found, low_found) -> tuple[object, object, object]:
    span = high_found - low_found
    all_found = founds
    numbers = numbers_0
    return span, all_found, numbers


@step
def end(all_found):
    all_found = sorted(all_found)
    return all_found


@pipeline
def branch():
    """Two branches that write artifacts of the same name."""
    numbers = start()
    low_found = low(numbers)
    high_found = high(numbers)
    span, all_found, numbers = join([low_found, high_found], numbers, high_found, low_found)
    all_found = end(all_found)
    return {"span": span, "all_found": all_found, "numbers": numbers}
