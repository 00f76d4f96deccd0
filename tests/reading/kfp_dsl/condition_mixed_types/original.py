from kfp import dsl


@dsl.component
def roll() -> int:
    return 4


@dsl.component
def say(text: str):
    print(text)


@dsl.pipeline(name="mixed-types")
def mixed_types(limit: float = 2.0):
    die = roll()
    with dsl.If(die.output == "4"):
        say(text="as text")
    with dsl.If(die.output > limit):
        say(text="as numbers")
