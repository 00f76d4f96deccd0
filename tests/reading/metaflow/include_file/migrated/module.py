from pipec import pipeline, step


@step
def start(data: str) -> list[int]:
    numbers = [int(line) for line in data.split()]
    return numbers


@step
def end(numbers: list[int]):
    print(sum(numbers))


# PC505: `default of data` of `IncludeFlow` is not kept: the file that it names is read where the run is started; pass
# its text
@pipeline
def include(data: str):
    """Args:
    data: Numbers. (Its content.)
    """
    numbers = start(data)
    end(numbers)
    return {"numbers": numbers}
