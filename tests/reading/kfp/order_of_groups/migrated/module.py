"""Migrated from the compiled pipeline "order-of-groups"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def flip(side: str) -> str:
    return side


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return 2 * n


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@step(image="python:3.11")
def show_7(text: str):
    print(text)


@pipeline(name="order-of-groups")
def order_of_groups(side: str = "heads"):
    with parallel():
        flip_result = flip(side)
        if flip_result == "heads":
            double_result = double(1)
            double_2 = double(2)
            with parallel(after=(double_result, double_2)):
                show_5 = show("five")
            with parallel(after=show_5):
                show_6 = show("six")
        if flip_result == "heads":
            show_done = show("one")
            condition_branches_1_done = show_done
        else:
            show_2 = show("two")
            show_3 = show("three")
            condition_branches_1_done = [show_2, show_3]
        with parallel(after=condition_branches_1_done):
            show_4 = show("four")
        for item in [1, 2]:
            show_7_done = show_7("seven")
            show_7("eight")
