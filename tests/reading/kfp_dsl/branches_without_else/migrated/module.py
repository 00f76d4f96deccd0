"""Migrated from the compiled pipeline "no-else"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def flip() -> str:
    return "heads"


@step(image="python:3.11", cache=True)
def say(text: str):
    print(text)


@pipeline(name="no-else")
def no_else():
    coin = flip()
    if coin == "heads":
        say_done = say("heads")
    if not coin == "heads" and coin == "tails":
        say_2 = say("tails")
    say_3 = say("after")
