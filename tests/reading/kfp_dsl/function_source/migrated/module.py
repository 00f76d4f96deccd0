"""Migrated from the compiled pipeline "sources"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def indented(text: str) -> str:
    # inside
    lines = """
        a text
    """

    def inner(value):
        return value.upper()

    return inner(text) + lines
    # the last comment


@step(image="python:3.11", cache=True)
def many_lines(
    first: str,  # the first
    second: str = "def not a function",
) -> str:

    return first + second
    # trailing


@step(image="python:3.11", cache=True)
def one_line(n: int) -> int: return n + 1


@pipeline
def sources():
    indented_result = indented("hi")
    many_lines_result = many_lines(first="a")
    one_line_result = one_line(1)
