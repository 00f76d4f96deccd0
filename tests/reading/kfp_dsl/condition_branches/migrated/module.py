"""Migrated from the compiled pipeline "branches"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def grade(score: float) -> str:
    return "a"


@step(image="python:3.11", cache=True)
def reward(text: str) -> str:
    return text


@step(image="python:3.11", cache=True)
def tell(text: str):
    print(text)


@pipeline
def branches(score: float = 0.5) -> str:
    graded = grade(score)
    if graded == "a":
        best = reward("gold")
    elif graded == "b":
        best = reward("silver")
        tell_done = tell(best)
    elif score > 0.3:
        # Shown as 'barely'.
        best = reward("bronze")
    else:
        # Shown as 'nothing'.
        best = reward("nothing")
    tell_2 = tell(best)
    if graded == "x":
        tell_3 = tell("x")
    else:
        tell_4 = tell("no x")
    return best
