"""Pipelines whose result the files of an orchestrator could get wrong: body and what it returns, for all readers."""

from __future__ import annotations

STEPS = '''"""Results."""

from pipec import pipeline, run, step


@step
def f(n: int) -> int:
    return n + 1


@step
def two(n: int) -> tuple[int, str]:
    return n, "a"


@pipeline
def inner(n):
    a, b = two(n)
    c = f(a)
    return b


@pipeline
def results(n: int = 1):
'''
BODIES: dict[str, tuple[str, object]] = {
    "nothing": ("x = f(n)\ny = f(n + 1)", None),
    "parameter": ("f(n)\nreturn n", 1),
    "constant": ("x = f(n)\nreturn {'a': (1, None)}", {"a": (1, None)}),
    "text": ('x = f(n)\nreturn "it\'s\\n\\"done\\""', 'it\'s\n"done"'),
    "true": ("x = f(n)\nreturn True", True),
    "part": ("a, b = two(n)\nc = f(a)\nreturn b", "a"),
    "merged": ("if n > 1:\n    a = f(n)\nelse:\n    a = 3\nf(a)\nreturn a", 3),
    "list": ("a = [f(i) for i in range(n + 1)]\nb = [f(i) for i in a]\nreturn a", [1, 2]),
    "group": ("a = inner(n)\nb = f(n)\nreturn a", "a"),
    "read": ("a = f(n)\nb = f(a)\nreturn a", 2),
    "last": ("a = f(n)\nb = f(a)\nreturn b", 3),
}
"""Name -> body, and the result with `n=1`."""


def module(body: str) -> str:
    """The text of a pipeline with this body."""
    return STEPS + "".join(f"    {line}\n" for line in body.split("\n"))


def result_of(text: str, function: str) -> object:
    """What a module's pipeline returns as plain Python."""
    names: dict[str, object] = {"__name__": "migrated"}
    exec(compile(text, "migrated.py", "exec"), names)  # noqa: S102  # our own text
    made = names[function]
    assert callable(made)
    return made(n=1)
