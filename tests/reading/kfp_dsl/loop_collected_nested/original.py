from typing import List

from kfp import dsl


@dsl.component
def double(n: int) -> int:
    return n * 2


@dsl.component
def add(numbers: List[List[int]]) -> int:
    return sum(sum(one) for one in numbers)


@dsl.component
def flat(numbers: List[int]) -> int:
    return sum(numbers)


@dsl.pipeline(name="collected")
def collected() -> List[List[int]]:
    with dsl.ParallelFor([1, 2, 3]) as outer:
        with dsl.ParallelFor([4, 5]) as inner:
            one = double(n=outer)
            two = double(n=inner)
        flat(numbers=dsl.Collected(two.output))
    add(numbers=dsl.Collected(one.output))
    return dsl.Collected(two.output)
