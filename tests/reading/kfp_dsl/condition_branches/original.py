from kfp import dsl


@dsl.component
def grade(score: float) -> str:
    return "a"


@dsl.component
def reward(text: str) -> str:
    return text


@dsl.component
def tell(text: str):
    print(text)


@dsl.pipeline(name="branches")
def branches(score: float = 0.5) -> str:
    graded = grade(score=score)
    with dsl.If(graded.output == "a"):
        best = reward(text="gold")
    with dsl.Elif(graded.output == "b"):
        good = reward(text="silver")
        tell(text=good.output)
    with dsl.Elif(score > 0.3, name="barely"):
        fair = reward(text="bronze")
    with dsl.Else(name="nothing"):
        none = reward(text="nothing")
    chosen = dsl.OneOf(best.output, good.output, fair.output, none.output)
    tell(text=chosen)
    with dsl.If(graded.output == "x"):
        tell(text="x")
    with dsl.Else():
        tell(text="no x")
    return chosen
