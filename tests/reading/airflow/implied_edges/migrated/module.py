"""Edges that others imply are kept, where the tasks stand in a row and where they do not."""

from pipec import parallel, pipeline, step


@step
def first() -> None:
    """Nothing: other steps wait for it."""


@step
def second() -> None:
    """Nothing: other steps wait for it."""


@step
def third() -> None:
    """Nothing: other steps wait for it."""


@step
def fourth() -> None:
    """Nothing: other steps wait for it."""


@step
def load():
    return [1, 2]


@step
def show(rows):
    print(rows)


@step
def begin() -> None:
    """Nothing: other steps wait for it."""


@step
def left() -> None:
    """Nothing: other steps wait for it."""


@step
def right() -> None:
    """Nothing: other steps wait for it."""


@step
def end() -> None:
    """Nothing: other steps wait for it."""


@pipeline
def in_a_row():
    first_done = first()
    second()
    with parallel(after=first_done):
        third()
    with parallel(after=first_done):
        fourth()


@pipeline
def side_by_side():
    with parallel():
        begin_done = begin()
        with parallel(after=begin_done):
            left_done = left()
        with parallel(after=begin_done):
            right_done = right()
        with parallel(after=(begin_done, left_done)):
            rows = load()
        with parallel(after=(begin_done, left_done, right_done, rows)):
            end()
        with parallel(after=left_done):
            show(rows)
