"""Migrated from the compiled pipeline "nested"."""

from typing import List

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def work(n: int, m: int = 0) -> int:
    return n


@step(image="python:3.11", cache=True)
def make(n: int) -> List[int]:
    return list(range(n))


@step(image="python:3.11", cache=True)
def check(n: int) -> bool:
    return n > 1


@step(image="python:3.11", cache=True)
def note(text: str):
    print(text)


@pipeline
def nested(limit: int = 3):
    outside = work(n=0)
    try:
        items = make(limit)
        for item in items:
            checked = check(item)
            if checked:
                inner = work(n=item, m=outside)
                for factor in [1, 2]:
                    if factor == 2:
                        note_2 = note(f"{limit}: {outside}")
                    work_3 = work(n=inner, m=factor)
            else:
                note_3 = note("small")
    finally:
        end = note("end")
