"""Migrated from the compiled pipeline "order"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return 2 * n


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline
def order():
    for_loop_2_done = [double(item) for item in [1, 2]]
    with parallel(after=for_loop_2_done):
        show_5 = show("f")
    show_done = show("a")
    with parallel(after=show_done):
        show_3 = show("c")
    show_2 = show("b")
    with parallel(after=(show_done, show_2)):
        show_4 = show("d")
