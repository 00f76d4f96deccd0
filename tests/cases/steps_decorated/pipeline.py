"""A step may have decorators of its own below `@step`: with arguments, from a library, several at once."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from pipec import pipeline, step


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say when a function begins."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        print("start", function.__name__)
        return function(*args, **kwargs)

    return inner


def scaled(factor: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Multiply the result of a function."""

    def around(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> int:
            return operator.mul(function(*args, **kwargs), factor)

        return inner

    return around


@step(retries=2)
@logged
def load(n: int) -> list[int]:
    """Numbers."""
    return list(range(n))


@step
@logged
@scaled(
    10,
)
@functools.lru_cache
def square(n: int) -> int:
    return n * n


@step
@scaled(factor=2)
def double(n):
    return n


@pipeline
def steps_decorated(n: int = 3) -> int:
    numbers = load(n)
    squares = [square(number) for number in numbers]
    return double(sum(squares))
