"""A module that does not import pipec compiles too: the pipeline is named on the command line, settings in pyproject.toml."""


def load(rows):
    return list(range(rows))


def mean(numbers):
    return sum(numbers) / len(numbers)


def workflow(rows=5):
    return describe(mean(load(rows)))


def describe(value) -> str:
    return f"mean {value}"
