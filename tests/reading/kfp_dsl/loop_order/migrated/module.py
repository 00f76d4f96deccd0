"""Migrated from the compiled pipeline "loop-order"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def say(word: str):
    print(word)


@pipeline(name="loop-order")
def loop_order():
    for item in [1, 2]:
        for_loop_4_done = [say("first") for item_2 in ["a", "b"]]
        with parallel(after=for_loop_4_done):
            between = say("second")
        with parallel(after=between):
            say_3 = say("third")
