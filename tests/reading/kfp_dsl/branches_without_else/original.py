from kfp import dsl


@dsl.component
def flip() -> str:
    return "heads"


@dsl.component
def say(text: str):
    print(text)


@dsl.pipeline(name="no-else")
def no_else():
    coin = flip()
    with dsl.If(coin.output == "heads"):
        say(text="heads")
    with dsl.Elif(coin.output == "tails"):
        say(text="tails")
    say(text="after")
