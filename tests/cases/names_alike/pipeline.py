"""Names that differ only in case or underscores, and names of a hundred characters."""

from pipec import pipeline, step


@step
def load_data(n: int) -> int:
    return n


@step
def loadData(n: int) -> int:
    return n * 10


@step
def load__data(n: int) -> int:
    return n * 100


@step
def LOAD_DATA(n: int) -> int:
    return n * 1000


@step
def a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while(
    n: int,
) -> int:
    return -n


@pipeline
def names_alike(n: int = 1) -> list[int]:
    value = load_data(n)
    Value = loadData(n)
    VALUE = load__data(n)
    value_ = LOAD_DATA(n)
    long = a_step_with_a_very_long_name_that_says_everything_there_is_to_say_about_it_and_then_goes_on_for_a_while(n)
    return [value, Value, VALUE, value_, long]
