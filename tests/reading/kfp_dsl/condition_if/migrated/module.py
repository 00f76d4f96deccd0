"""Migrated from the compiled pipeline "conditions"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def say(text: str):
    print(text)


@step(image="python:3.11", cache=True)
def flip() -> str:
    return "heads"


@step(image="python:3.11", cache=True)
def roll() -> int:
    return 4


@pipeline
def conditions(mode: str = "fast", limit: float = 0.5, verbose: bool = True, size: int = 3):
    if limit <= 0.7:
        say_5 = say(mode)
    if verbose:
        say_6 = say("verbose")
    coin = flip()
    if coin == "heads":
        say_done = say("heads")
    # Shown as 'other mode'.
    if coin != mode:
        say_2 = say(coin)
    die = roll()
    if die > 3:
        if die <= 5:
            say_4 = say("not six")
        say_3 = say("high")
    if die < size:
        say_7 = say("small")
    if limit > float(die):
        say_8 = say("mixed")
