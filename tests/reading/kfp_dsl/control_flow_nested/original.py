from typing import List

from kfp import dsl


@dsl.component
def make(n: int) -> List[int]:
    return list(range(n))


@dsl.component
def check(n: int) -> bool:
    return n > 1


@dsl.component
def work(n: int, m: int = 0) -> int:
    return n


@dsl.component
def note(text: str):
    print(text)


@dsl.pipeline(name="nested")
def nested(limit: int = 3):
    end = note(text="end")
    outside = work(n=0)
    with dsl.ExitHandler(end):
        items = make(n=limit)
        with dsl.ParallelFor(items.output) as item:
            checked = check(n=item)
            with dsl.If(checked.output == True):  # noqa: E712
                inner = work(n=item, m=outside.output)
                with dsl.ParallelFor([1, 2]) as factor:
                    work(n=inner.output, m=factor).after(inner)
                    with dsl.If(factor == 2):
                        note(text=f"{limit}: {outside.output}")
            with dsl.Else():
                note(text="small")
