from kfp import dsl


@dsl.component
def flip() -> str:
    return "heads"


@dsl.component
def roll() -> int:
    return 4


@dsl.component
def say(text: str):
    print(text)


@dsl.pipeline(name="conditions")
def conditions(mode: str = "fast", limit: float = 0.5, verbose: bool = True, size: int = 3):
    coin = flip()
    die = roll()
    with dsl.If(coin.output == "heads"):
        say(text="heads")
    with dsl.If(coin.output != mode, name="other mode"):
        say(text=coin.output)
    with dsl.Condition(die.output > 3):
        say(text="high")
        with dsl.If(die.output <= 5):
            say(text="not six")
    with dsl.If(0.7 >= limit):
        say(text=mode)
    with dsl.If(verbose == True):  # noqa: E712
        say(text="verbose")
    with dsl.If(die.output < size):
        say(text="small")
    with dsl.If(limit > die.output):
        say(text="mixed")
